"""Settings by name."""

from dataclasses import replace
from decimal import Decimal
from enum import Enum

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection import (
    DivergencePolicy,
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
    settings_table,
)

DAYS = st.integers(0, 3_650)
PERCENTS = st.decimals(0, 1_000, allow_nan=False, allow_infinity=False, places=4)
VALUES: dict[str, st.SearchStrategy[object]] = {
    **dict.fromkeys(("grouped", "owns_transmission", "creditor_notifies", "counts_local_holidays"), st.booleans()),
    "shared_account": st.booleans(),
    "foreign_contract_prefixes": st.lists(st.sampled_from(("OUTRO-", "99", "A B")), unique=True).map(tuple),
    **dict.fromkeys(("on_postponed", "on_lower_amount", "on_not_read"), st.sampled_from(DivergencePolicy)),
    "not_read_days": DAYS,
    "availability_limit": st.integers(0, 10),
    **dict.fromkeys(("reuse_days", "deletion_days", "minimum_days_late", "age_margin_days", "notice_days"), DAYS),
    **dict.fromkeys(("fine_percent", "monthly_interest_percent"), PERCENTS),
    "environment": st.sampled_from(Environment),
    "rate_per_second": st.none() | st.floats(1e-9, 1e9),
    "reuse_mode": st.sampled_from(ReuseMode),
    "removal_rule": st.sampled_from(RemovalRule),
    "removal_tolerance": st.integers(0, 10**9).map(Money),
    "notice_days_by_state": st.dictionaries(st.sampled_from(("SP", "RJ", "MT")), st.integers(0, 365)),
    "telecom": st.sampled_from(TelecomGuard),
}


def with_values(values: dict[str, object]) -> IntegrationSettings:
    """Settings that have these values by the name of the setting."""
    settings = IntegrationSettings()
    for field in SETTING_FIELDS:
        change = {field.attribute: values[field.name]}
        if field.part:
            change = {field.part: replace(getattr(settings, field.part), **change)}
        settings = replace(settings, **change)  # type: ignore[arg-type]  # the strategies give what fits
    return settings


SETTINGS = st.fixed_dictionaries(VALUES).map(with_values)

CHANGES = {
    "environment": ("test", Environment.TEST),
    "grouped": ("sim", True),
    "rate_per_second": ("2,5", 2.5),
    "owns_transmission": ("não", False),
    "shared_account": ("sim", True),
    "foreign_contract_prefixes": ("OUTRO-, 99,99", ("OUTRO-", "99")),
    "on_postponed": ("ask", DivergencePolicy.ASK),
    "on_lower_amount": ("remover", DivergencePolicy.REMOVE),
    "on_not_read": ("remove", DivergencePolicy.REMOVE),
    "not_read_days": ("20", 20),
    "reuse_days": ("30", 30),
    "reuse_mode": ("block", ReuseMode.BLOCK),
    "removal_rule": ("all_invoices_settled", RemovalRule.ALL_INVOICES_SETTLED),
    "removal_tolerance": ("0,05", Money(5)),
    "deletion_days": ("3", 3),
    "availability_limit": ("1", 1),
    "counts_local_holidays": ("sim", True),
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
    assert change_settings(before, {"foreign_contract_prefixes": "-"}).foreign_contract_prefixes == ()


@given(SETTINGS, SETTINGS)
@example(IntegrationSettings(), IntegrationSettings())
def test_shown_setting_is_read_back_whatever_it_is_changed_from(
    shown: IntegrationSettings, other: IntegrationSettings
) -> None:
    assert change_settings(other, {field.name: field.text_in(shown) for field in SETTING_FIELDS}) == shown
    rows = settings_table(shown).rows
    assert [row["name"] for row in rows] == [field.name for field in SETTING_FIELDS]
    assert change_settings(other, {str(row["name"]): str(row["value"]) for row in rows}) == shown


@pytest.mark.parametrize("field", [field for field in SETTING_FIELDS if field.choices], ids=lambda field: field.name)
def test_label_of_a_choice_is_read_in_any_case_and_without_accents(field: SettingField) -> None:
    for code, label in field.choices:
        by_code = change_settings(IntegrationSettings(), {field.name: code})
        for text in (label, label.upper(), label.replace("ç", "c").replace("ã", "a")):
            assert change_settings(IntegrationSettings(), {field.name: text}) == by_code


def test_shown_settings_are_in_portuguese() -> None:
    shown = {row["name"]: row["value"] for row in settings_table(IntegrationSettings(rate_per_second=2.5)).rows}
    assert (shown["environment"], shown["grouped"], shown["rate_per_second"]) == ("produção", "não", "2,5")
    assert (shown["removal_tolerance"], shown["fine_percent"]) == ("R$ 0,00", "0")
    assert shown["notice_days_by_state"] == "MT=45, PE=20, PI=15, SP=20"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("fine_percent", text) for text in ("x", "nan", "-1", "", "inf", "1e400", "1e-400", "1.2,3")),
        *(("rate_per_second", text) for text in ("nan", "inf", "-1", "1e400", "1e-400", "9" * 400)),
        *(("minimum_days_late", text) for text in ("-1", "1.5", "x", "9" * 5_000)),
        *(("notice_days_by_state", text) for text in ("20", "SP", "SP=x", "São Paulo=20", "SP=20;RJ=15", "SP=1, sp=2")),
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
