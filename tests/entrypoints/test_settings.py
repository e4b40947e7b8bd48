"""Settings by name, days and amounts as people write them, and who the actor is."""

import getpass
from datetime import date
from pathlib import Path

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.entrypoints.cli import settings
from credit_protection.entrypoints.cli.options import day, reais
from credit_protection.entrypoints.cli.output import Output, as_json
from credit_protection.entrypoints.cli.session import Session
from credit_protection.plugins.configuration import Configuration

CHANGES = {
    "environment": ("test", "test"),
    "grouped": ("sim", True),
    "rate_per_second": ("2,5", 2.5),
    "owns_transmission": ("não", False),
    "reuse_days": ("30", 30),
    "reuse_mode": ("block", "block"),
    "removal_trigger": ("all_invoices_settled", "all_invoices_settled"),
    "removal_tolerance": ("0,05", "0.05"),
    "deletion_days": ("3", 3),
    "minimum_days_late": ("10", 10),
    "age_margin_days": ("60", 60),
    "fine_percent": ("2", "2"),
    "monthly_interest_percent": ("1.5", "1.5"),
    "creditor_notifies": ("true", True),
    "notice_days": ("15", 15),
    "telecom": ("block", "block"),
}


def test_every_setting_can_be_changed_and_is_described() -> None:
    changed = settings.changed(IntegrationSettings(), {name: text for name, (text, _) in CHANGES.items()})
    described = {name: as_json(value) for name, value in settings.described(changed).items()}
    assert described == {name: value for name, (_, value) in CHANGES.items()}
    assert tuple(CHANGES) == settings.NAMES


def test_no_change_changes_nothing_and_no_rate_is_no_limit() -> None:
    before = IntegrationSettings()
    assert settings.changed(before, {}) == before
    assert settings.changed(before, {"rate_per_second": "0"}).rate_per_second is None


@pytest.mark.parametrize("text", ["x", "nan", "-1"])
def test_a_percentage_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        settings.changed(IntegrationSettings(), {"fine_percent": text})


@pytest.mark.parametrize(
    ("text", "cents"), [("1.234,56", 123456), ("1234.56", 123456), ("12", 1200), (" 0,05 ", 5), ("-3", -300)]
)
def test_amounts_as_people_and_as_programs_write_them(text: str, cents: int) -> None:
    assert reais(text) == Money(cents)


@pytest.mark.parametrize("text", ["", "x", "1,234", "1.2.3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        reais(text)


def test_days_as_people_and_as_programs_write_them() -> None:
    assert day("2026-11-24", "--on") == day(" 24/11/2026", "--on") == date(2026, 11, 24)
    assert day(None, "--on") is None
    with pytest.raises(InvalidInput, match="--on"):
        day("31/02/2026", "--on")


def test_a_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nameless() -> str:
        raise KeyError("uid")

    monkeypatch.setattr(getpass, "getuser", nameless)
    session = Session(Configuration(tmp_path, "sqlite://"), Output())
    assert session.actor.id.startswith("os:uid-")
    assert session.actor.is_person
