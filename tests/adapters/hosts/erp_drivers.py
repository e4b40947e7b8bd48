"""The drivers of our own hosts: the changes that the contract's tests make in each ERP."""

from __future__ import annotations

import importlib.util
import itertools
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.hosts.local import LocalErp, tables
from credit_protection.adapters.hosts.local.loading import Provider
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Address, Customer, Invoice, InvoiceStatus
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.testing.contracts.host import ErpDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from credit_protection.domain.settlements import Entry
    from credit_protection.testing.contracts.host import InvoiceFacts, InvoiceSpec
    from credit_protection.testing.fakes import FakeErp

COMPANY = Creditor("99009000000110", Cnpj("99009000000110"), "PROVEDOR EXEMPLO LTDA", "MG", "Divinópolis")


def with_facts(invoice: Invoice, facts: InvoiceFacts) -> Invoice:
    return replace(invoice, **{field.name: getattr(facts, field.name) for field in fields(facts)})


class FakeErpDriver(ErpDriver):
    """The fake ERP has every command; the driver only chooses ids."""

    def __init__(self, erp: FakeErp) -> None:
        self.erp = erp
        self._numbers = itertools.count(1)

    def add_customer(self, document: str, name: str, city: str) -> str:
        address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", city, "MG", "35500000")
        return self.erp.add_customer(f"c{next(self._numbers)}", document, name=name, address=address).id

    def add_subscription(self, customer_id: str) -> str:
        return customer_id  # `FakeErp.add_customer` added it

    def add_invoices(self, customer_id: str, subscription_id: str | None, specs: Sequence[InvoiceSpec]) -> list[str]:
        numbers = [f"i{next(self._numbers)}" for _ in specs]
        for number, spec in zip(numbers, specs, strict=True):
            invoice = self.erp.add_invoice(number, customer_id, spec.due_date, spec.amount)
            self.erp.invoices_by_id[number] = replace(invoice, subscription_id=subscription_id)
        return numbers

    def set_facts(self, invoice_id: str, facts: InvoiceFacts) -> None:
        self.erp.invoices_by_id[invoice_id] = with_facts(self.erp.invoices_by_id[invoice_id], facts)

    def pay(self, invoice_id: str, on: date, amount: Money) -> None:
        self.erp.pay(invoice_id, on, amount)

    def reverse(self, invoice_id: str, on: date) -> None:
        reversed_ = {entry.settlement_id for entry in self.erp.entries if isinstance(entry, Reversal)}
        last = [
            entry
            for entry in self.erp.entries
            if isinstance(entry, Settlement) and entry.invoice_id == invoice_id and entry.id not in reversed_
        ][-1]
        self.erp.reverse(last, on)

    def cancel(self, invoice_id: str, on: date) -> None:
        self.erp.set_status(invoice_id, InvoiceStatus.CANCELLED, on)

    def delete(self, invoice_id: str) -> None:
        del self.erp.invoices_by_id[invoice_id]

    def write_off(self, invoice_id: str, on: date) -> None:
        self.erp.set_status(invoice_id, InvoiceStatus.WRITTEN_OFF, on)

    def put_on_hold(self, customer_id: str) -> None:
        self.erp.hold_reasons[customer_id] = "dívida contestada"


@contextmanager
def writing(database: Path) -> Iterator[sqlite3.Connection]:
    """A transaction in the ERP's database, committed unless it fails."""
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        yield connection


def local_erp(file: Path) -> LocalErp:
    """A local ERP with a company and no other record."""
    erp = LocalErp(file)
    erp.creditors()  # creates the tables
    with writing(file) as connection:
        tables.replace_everything(connection, Provider(COMPANY, {}, {}, {}, (), {}, 0, 0))
    return erp


class LocalErpDriver(ErpDriver):
    """The local ERP imports whole files only, so the driver adds customers and invoices to its tables."""

    def __init__(self, erp: LocalErp) -> None:
        self.erp = erp
        self._numbers = itertools.count(1)

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return writing(self.erp._path)

    def add_customer(self, document: str, name: str, city: str) -> str:
        customer = Customer(str(next(self._numbers)), name, document, Address(city=city, state="MG"))
        row = tables._customer_row(customer)
        with self._writing() as connection:
            connection.execute(tables._INSERT_CUSTOMER, row)
        return customer.id

    def add_subscription(self, customer_id: str) -> str:
        number = str(next(self._numbers))
        with self._writing() as connection:
            row = (number, customer_id, "500 MEGA", "terminated")
            connection.execute("INSERT INTO subscriptions VALUES (?, ?, ?, ?)", row)
        return number

    def add_invoices(self, customer_id: str, subscription_id: str | None, specs: Sequence[InvoiceSpec]) -> list[str]:
        invoices = [
            Invoice(number, customer_id, subscription_id, f"NF-{number}", spec.due_date, spec.amount, spec.amount)
            for number, spec in ((str(next(self._numbers)), spec) for spec in specs)
        ]
        with self._writing() as connection:
            connection.executemany(tables.INSERT_INVOICE, map(tables._invoice_row, invoices))
        return [invoice.id for invoice in invoices]

    def set_facts(self, invoice_id: str, facts: InvoiceFacts) -> None:
        row = tables._invoice_row(with_facts(self.erp.invoice(invoice_id), facts))
        with self._writing() as connection:
            connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
            connection.execute(tables.INSERT_INVOICE, row)

    def pay(self, invoice_id: str, on: date, amount: Money) -> None:
        self.erp.pay(invoice_id, paid_on=on, amount=amount)

    def reverse(self, invoice_id: str, on: date) -> None:
        with self._writing() as connection:
            ((last,),) = connection.execute(
                "SELECT settlement_id FROM settlements WHERE invoice_id = ? GROUP BY settlement_id"
                " HAVING count(*) = 1 ORDER BY max(sequence) DESC LIMIT 1",
                (invoice_id,),
            ).fetchall()
        self.erp.reverse(last, on=on)

    def delete(self, invoice_id: str) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))

    def put_on_hold(self, customer_id: str) -> None:
        with self._writing() as connection:
            connection.execute("INSERT INTO holds VALUES (?, '', 'dispute', NULL)", (customer_id,))


@cache
def small_host() -> Any:  # noqa: ANN401 - a module
    """The module of examples/small_host.py; a test sets its `DATABASE`."""
    file = Path(__file__).parents[3] / "examples" / "small_host.py"
    spec = importlib.util.spec_from_file_location("small_host", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.HOME.rmdir()
    return module


class SmallErpDriver(ErpDriver):
    """The example's ERP with a payment screen: it updates the invoice, adds a line to the cash book, and records.

    Args:
        database: of the ERP.
        record: records an entry in the transaction of the given connection.
        recheck: marks an invoice to be read again, in that transaction.
    """

    def __init__(
        self,
        database: Path,
        record: Callable[[Entry, sqlite3.Connection], object],
        recheck: Callable[[str, sqlite3.Connection], object] = lambda _, __: None,
    ) -> None:
        self.database = database
        self.record = record
        self.recheck = recheck
        self._numbers = itertools.count(1)
        with writing(database) as erp:
            home = "street, number, complement, district, city, state, postal_code"
            erp.execute(f"CREATE TABLE customer (id, name, document, {home})")
            erp.execute("CREATE TABLE invoice (id, customer, due, cents INTEGER, paid)")
            erp.execute(
                "CREATE TABLE cash_book (payment, invoice, day, cents INTEGER, is_reversal, at INTEGER PRIMARY KEY)"
            )

    def add_customer(self, document: str, name: str, city: str) -> str:
        number = str(next(self._numbers))
        row = (number, name, document, "RUA DO EXEMPLO", "100", "", "CENTRO", city, "MG", "35500000")
        with writing(self.database) as erp:
            erp.execute("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return number

    def add_invoices(self, customer_id: str, subscription_id: str | None, specs: Sequence[InvoiceSpec]) -> list[str]:
        assert subscription_id is None  # it has none
        rows = [(str(next(self._numbers)), customer_id, str(spec.due_date), spec.amount.cents, None) for spec in specs]
        with writing(self.database) as erp:
            erp.executemany("INSERT INTO invoice VALUES (?, ?, ?, ?, ?)", rows)
        return [row[0] for row in rows]

    def pay(self, invoice_id: str, on: date, amount: Money) -> None:
        with writing(self.database) as erp:
            self._pay(erp, invoice_id, on, amount)

    def pay_and_roll_back(self, invoice_id: str, on: date, amount: Money) -> None:
        with closing(sqlite3.connect(self.database, timeout=10)) as erp:
            self._pay(erp, invoice_id, on, amount)
            erp.rollback()

    def report_again(self, invoice_id: str) -> None:
        with writing(self.database) as erp:
            self.record(self._last(erp, invoice_id), erp)

    def delete(self, invoice_id: str) -> None:
        with writing(self.database) as erp:
            erp.execute("DELETE FROM invoice WHERE id = ?", (invoice_id,))

    def change_unclearly(self, invoice_id: str, *, rolls_back: bool = False) -> None:
        with closing(sqlite3.connect(self.database, timeout=10)) as erp:
            erp.execute("UPDATE invoice SET due = date(due, '+30 days') WHERE id = ?", (invoice_id,))
            self.recheck(invoice_id, erp)
            if rolls_back:
                erp.rollback()
            else:
                erp.commit()

    def reverse(self, invoice_id: str, on: date) -> None:
        with writing(self.database) as erp:
            reversed_ = self._last(erp, invoice_id)
            erp.execute("UPDATE invoice SET paid = NULL WHERE id = ?", (invoice_id,))
            row = (reversed_.id, invoice_id, str(on), None, True)
            erp.execute("INSERT INTO cash_book VALUES (?, ?, ?, ?, ?, NULL)", row)
            self.record(Reversal(reversed_.id, invoice_id, on), erp)

    def _pay(self, erp: sqlite3.Connection, invoice_id: str, on: date, amount: Money) -> None:
        erp.execute("UPDATE invoice SET paid = ? WHERE id = ?", (str(on), invoice_id))
        row = (f"pay-{next(self._numbers)}", invoice_id, str(on), amount.cents, False)
        erp.execute("INSERT INTO cash_book VALUES (?, ?, ?, ?, ?, NULL)", row)
        self.record(self._last(erp, invoice_id), erp)

    def _last(self, erp: sqlite3.Connection, invoice_id: str) -> Settlement:
        rows = erp.execute(f"{CASH_BOOK} WHERE invoice = ? AND NOT is_reversal ORDER BY at DESC", (invoice_id,))
        settlement = entry_of(*rows.fetchone())
        assert isinstance(settlement, Settlement)
        return settlement


CASH_BOOK = "SELECT payment, invoice, day, cents, is_reversal FROM cash_book"


def entry_of(payment: str, invoice_id: str, day: str, cents: int, is_reversal: int) -> Entry:
    """The entry of a line of the cash book."""
    on = date.fromisoformat(day)
    if is_reversal:
        return Reversal(payment, invoice_id, on)
    return Settlement(payment, invoice_id, SettlementKind.PAYMENT, on, Money(cents))
