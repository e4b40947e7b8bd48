"""What a host reports is read back, whatever type it has, or is refused; one bad record stops no other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.alarms import AlarmCode
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus, Subscription
from credit_protection.domain.customers import SubscriptionStatus as Status
from credit_protection.domain.days import as_day, earliest_date
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import HostUnavailable, InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing.strategies import NOW
from credit_protection.testing.tenants import sqlite_storage
from tests.application.app import ANA, PRICE, TODAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from tests.application.app import AppFixture

PAYMENT = SettlementKind.PAYMENT
BRAZIL = ("America/Noronha", "America/Sao_Paulo", "America/Manaus", "America/Rio_Branco")
ZONES = st.timezones() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=ZONES)  # noqa: DTZ001
NAIVE = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30))  # noqa: DTZ001
DAYS = st.dates(date(1900, 1, 2), date(2199, 12, 30)) | INSTANTS | NAIVE
ANYTHING = st.none() | st.text() | st.integers() | st.floats() | st.times() | st.binary() | st.booleans()


class OwnDate(date):
    """As a library's own date class."""


@given(INSTANTS)
def test_instant_becomes_a_day_that_is_never_later_than_any_creditors(instant: datetime) -> None:
    creditors = [Creditor("1", Cnpj("99009000000110"), "C", "AC", time_zone=zone) for zone in BRAZIL]
    day = as_day(instant, "paid_on")
    assert type(day) is date
    # Before 2013 Acre was at UTC-4 or used summer time.
    if instant.astimezone(UTC).year >= 2020:
        assert all(day <= creditor.today(instant) for creditor in creditors)
        assert day >= creditors[-1].today(instant)
    assert day == earliest_date(instant)


@given(NAIVE)
def test_date_and_time_without_a_zone_becomes_its_date(instant: datetime) -> None:
    assert as_day(instant, "paid_on") == instant.date()
    assert type(as_day(OwnDate(2026, 1, 2), "x")) is date


@given(ANYTHING)
@example("2026-11-27")
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
def test_other_types_are_refused_with_the_fields_name(value: Any) -> None:  # noqa: ANN401 - anything
    makers: dict[str, Any] = {
        "paid_on": lambda: Settlement("p", "i", PAYMENT, value),
        "reversed_on": lambda: Reversal("p", "i", value),
        "due_date": lambda: Invoice("i", "c", None, "N", value, PRICE, PRICE),
    }
    if value is not None:
        settlement = Settlement("p", "i", PAYMENT, TODAY)
        invoice = Invoice("i", "c", None, "N", TODAY, PRICE, PRICE)
        makers |= {
            "available_on": lambda: replace(settlement, available_on=value),
            "original_due_date": lambda: replace(invoice, original_due_date=value),
            "issued_on": lambda: replace(invoice, issued_on=value),
            "notice_on": lambda: replace(invoice, notice_on=value),
            "birth_date": lambda: Customer("c", "N", "", Address(), birth_date=value),
            "terminated_on": lambda: Subscription("s", "c", "d", Status.ACTIVE, value),
        }
    for field, make in makers.items():
        with pytest.raises(InvalidInput) as refusal:
            make()
        assert refusal.value.field == field
        assert field in refusal.value.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 5}, "id"),
        ({"id": ""}, "id"),
        ({"invoice_id": None}, "invoice_id"),
        ({"invoice_id": "a\0b"}, "invoice_id"),
        ({"id": "\ud800"}, "id"),
        ({"kind": "payment"}, "kind"),
        ({"amount": 10}, "amount"),
        ({"discount": None}, "discount"),
    ],
)
def test_settlement_that_could_not_be_read_back_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        replace(Settlement("p", "i", PAYMENT, TODAY), **changes)
    assert refusal.value.field == field


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> SqlStorage:
    return sqlite_storage(tmp_path_factory.mktemp("door") / "door.sqlite")


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(KEYS, KEYS, st.sampled_from(SettlementKind), DAYS, st.none() | DAYS, st.none() | st.integers(0, 10**13))
def test_what_the_ledger_accepts_it_reads_back(
    ledger: SqlStorage,
    id_: str,
    invoice_id: str,
    kind: SettlementKind,
    paid_on: date,
    available_on: date | None,
    cents: int | None,
) -> None:
    amount = None if cents is None else Money(cents)
    entries: list[Entry] = [
        Settlement(id_, invoice_id, kind, paid_on, amount, available_on=available_on),
        Reversal(id_, invoice_id, paid_on),
    ]
    with ledger.unit() as unit:
        for entry in entries:
            unit.settlements.record("erp", entry, NOW)
        assert list(unit.settlements.entries("erp", [invoice_id])) == entries
        assert unit.settlements.unreadable == []


# ------------------------------------------------------------------------------------------------ a poisoned row


def two_negativated(app: AppFixture) -> None:
    app.included("i1")
    app.included("i2")


def set_day(database: Path, text: str, column: str = "happened_on") -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"UPDATE cp_settlement SET {column} = ?", (text,))  # noqa: S608 - a column of ours


def desired(app: AppFixture) -> dict[str, Desired]:
    return {one.invoices[0].invoice_id: one.desired for one in app.negativations.list(ANA).items}


def test_payment_with_an_instant_for_a_day_is_applied(app: AppFixture) -> None:
    two_negativated(app)
    paid = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
    app.payments.record(SYSTEM, Settlement("p1", "i1", PAYMENT, paid, PRICE))
    with app.storage.read_only() as unit:
        assert next(iter(unit.settlements.entries("fake-erp", ["i1"]))) == Settlement(
            "p1", "i1", PAYMENT, date(2026, 11, 24), PRICE
        )
    assert desired(app)["i1"] is Desired.REMOVED


def test_stored_instant_is_read_by_its_first_ten_characters(app: AppFixture, database: Path) -> None:
    two_negativated(app)
    with app.storage.unit() as unit:
        unit.settlements.record("fake-erp", Settlement("p1", "i1", PAYMENT, TODAY, PRICE), app.clock.now())
        unit.commit()
    set_day(database, "2026-11-24T22:30:00")
    app.sweep.run()
    assert desired(app) == {"i1": Desired.REMOVED, "i2": Desired.INCLUDED}
    assert [alarm.code for alarm in app.alarms.check(ANA) if alarm.code is AlarmCode.UNREADABLE] == []


@pytest.mark.parametrize(
    ("column", "text"), [("happened_on", "lixo"), ("available_on", "31/12"), ("kind", "gift"), ("amount_cents", "x")]
)
def test_unreadable_row_is_read_from_the_erp_told_and_blinds_no_other(
    app: AppFixture, database: Path, column: str, text: str
) -> None:
    two_negativated(app)
    with app.storage.unit() as unit:
        unit.settlements.record("fake-erp", Settlement("p1", "i1", PAYMENT, TODAY, PRICE), app.clock.now())
        unit.commit()
    set_day(database, text, column)
    app.erp.set_status("i1", InvoiceStatus.PAID, TODAY)
    app.erp.set_status("i2", InvoiceStatus.CREDITED, TODAY)
    app.later(timedelta(hours=5))
    app.sweep.run()
    app.sweep.run()
    assert desired(app) == {"i1": Desired.REMOVED, "i2": Desired.REMOVED}
    (alarm,) = [each for each in app.alarms.check(ANA) if each.code is AlarmCode.UNREADABLE]
    assert "i1" in alarm.message
    assert "p1" in alarm.message
    # mended
    set_day(database, "2026-11-24" if column != "amount_cents" else "11990", column)
    if column == "kind":
        set_day(database, "payment", "kind")
    app.sweep.run()
    assert [each for each in app.alarms.check(ANA) if each.code is AlarmCode.UNREADABLE] == []


# ------------------------------------------------------------------------------------------------ a record of the host


def test_invoice_that_the_host_cannot_read_is_left_out_and_told(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_negativated(app)
    given = app.erp.invoice_statuses

    def reading(invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        if "i1" in invoice_ids:
            raise ValueError("invalid literal for int(): '90010020055'")
        return given(invoice_ids)

    monkeypatch.setattr(app.erp, "invoice_statuses", reading)
    app.erp.set_status("i2", InvoiceStatus.CREDITED, TODAY)
    app.later(timedelta(hours=30))
    assert app.sweep.run().host_failed == ""
    assert desired(app) == {"i1": Desired.INCLUDED, "i2": Desired.REMOVED}
    (alarm,) = [each for each in app.alarms.check(ANA) if each.code is AlarmCode.UNREADABLE]
    assert "i1" in alarm.message
    assert "90010020055" not in alarm.message
    monkeypatch.undo()
    app.later(timedelta(hours=5))
    app.sweep.run()
    assert [each for each in app.alarms.check(ANA) if each.code is AlarmCode.UNREADABLE] == []


def test_inclusion_of_a_customer_that_the_host_cannot_read_waits_and_stops_no_other(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = app.negativate("i1"), app.negativate("i2")
    given = app.erp.invoice_statuses

    def reading(invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        if "i1" in invoice_ids:
            raise InvalidInput("O vencimento não é uma data.", field="due_date")
        return given(invoice_ids)

    monkeypatch.setattr(app.erp, "invoice_statuses", reading)
    assert app.perform(broken) is None
    assert app.get(broken).transmission.due_at > app.clock.now()
    assert app.get(broken).transmission.last_error == "registro_ilegivel"
    assert app.work(other).observed is Observed.PRESENT
    monkeypatch.undo()
    assert app.work(broken).observed is Observed.PRESENT


def test_holidays_of_a_creditor_are_days() -> None:
    holiday = datetime(2026, 11, 30, 1, tzinfo=UTC)
    assert Creditor("1", Cnpj("99009000000110"), "C", "MG", local_holidays=(holiday,)).local_holidays == (
        date(2026, 11, 29),
    )


def test_adapter_that_fails_for_everybody_is_reported_as_such(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    two_negativated(app)

    def down(_: Sequence[str]) -> Mapping[str, Invoice]:
        raise HostUnavailable("O ERP não responde.")

    monkeypatch.setattr(app.erp, "invoice_statuses", down)
    app.later(timedelta(hours=5))
    assert app.sweep.run().host_failed == "O ERP não responde."
