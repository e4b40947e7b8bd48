"""Settings by name."""

from decimal import Decimal
from enum import Enum

import pytest

from credit_protection import (
    Environment,
    IntegrationSettings,
    InvalidInput,
    Money,
    RemovalRule,
    ReuseMode,
    TelecomGuard,
)
from credit_protection.ui import (
    SETTING_FIELDS,
    FieldKind,
    SettingField,
    change_settings,
    code_for,
    format_value,
    setting_values,
)

CHANGES = {
    "environment": ("test", Environment.TEST),
    "grouped": ("sim", True),
    "rate_per_second": ("2,5", 2.5),
    "owns_transmission": ("não", False),
    "reuse_days": ("30", 30),
    "reuse_mode": ("block", ReuseMode.BLOCK),
    "removal_rule": ("all_invoices_settled", RemovalRule.ALL_INVOICES_SETTLED),
    "removal_tolerance": ("0,05", Money(5)),
    "deletion_days": ("3", 3),
    "minimum_days_late": ("10", 10),
    "age_margin_days": ("60", 60),
    "fine_percent": ("2", Decimal(2)),
    "monthly_interest_percent": ("1.5", Decimal("1.5")),
    "creditor_notifies": ("true", True),
    "notice_days": ("15", 15),
    "notice_days_by_state": ("SP=20, rj=15", {"SP": 20, "RJ": 15}),
    "telecom": ("block", TelecomGuard.BLOCK),
}


def test_every_setting_can_be_changed_and_is_described() -> None:
    changed = change_settings(IntegrationSettings(), {name: text for name, (text, _) in CHANGES.items()})
    assert setting_values(changed) == {name: value for name, (_, value) in CHANGES.items()}


def test_unchanged_settings_stay_and_rate_zero_is_no_limit() -> None:
    before = IntegrationSettings()
    assert change_settings(before, {}) == before
    assert change_settings(before, {"rate_per_second": "0"}).rate_per_second is None
    assert change_settings(before, {"notice_days_by_state": ""}).guards.notice_days_by_state == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("fine_percent", text) for text in ("x", "nan", "-1", "")),
        *(("notice_days_by_state", text) for text in ("20", "SP", "SP=x", "São Paulo=20", "SP=20;RJ=15")),
    ],
)
def test_invalid_value_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        change_settings(IntegrationSettings(), {name: text})
    assert (error.value.field, error.value.code) == (name, "ajuste_invalido")


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidInput) as error:
        change_settings(IntegrationSettings(), {"colour": "blue"})
    assert (error.value.field, error.value.code) == ("colour", "ajuste_desconhecido")


@pytest.mark.parametrize("field", SETTING_FIELDS, ids=lambda field: field.name)
def test_setting_field_reads_every_choice_and_shows_its_value(field: SettingField) -> None:
    before = IntegrationSettings()
    assert field.label
    assert format_value(field.value_in(before)) or field.value_in(before) is None
    assert (field.kind is FieldKind.CHOICE) == bool(field.choices)
    for code, label in field.choices:
        changed = field.changed(before, code)
        value = field.value_in(changed)
        assert isinstance(value, Enum)
        assert code_for(value) == code
        assert format_value(field.value_in(changed)) == label
