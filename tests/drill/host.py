"""The ERP of the drill: its tables live in our database, so that a payment and our row of it are one transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.money import Money
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities, HostErp
from tests.drill.plan import AMOUNT, INVOICES_PER_CUSTOMER, PERSON_STEPS, cpf, invoice_ids, steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from credit_protection.domain.settlements import Entry
    from tests.drill.database import Connection, Database, Row

TABLES = (
    """CREATE TABLE erp_invoice (
        id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, due_date TEXT NOT NULL, amount INTEGER NOT NULL,
        balance INTEGER NOT NULL, status TEXT NOT NULL, ceased INTEGER NOT NULL)""",
    """CREATE TABLE erp_entry (
        id TEXT NOT NULL, is_reversal INTEGER NOT NULL, invoice_id TEXT NOT NULL, day TEXT NOT NULL,
        amount INTEGER NOT NULL, is_reported INTEGER NOT NULL, PRIMARY KEY (id, is_reversal))""",
    "CREATE TABLE erp_deletion (invoice_id TEXT PRIMARY KEY)",
    "CREATE TABLE erp_step (number INTEGER PRIMARY KEY, is_person INTEGER NOT NULL, is_done INTEGER NOT NULL)",
)
"""`ceased` stays 1 once the debt had ceased, also after a reversal: a removal was right then."""
CREDITOR = Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO", "MG", "DIVINÓPOLIS")
_DIRECTED = "D"
_INVOICE = "SELECT id, customer_id, due_date, amount, balance, status FROM erp_invoice WHERE id IN ({})"
_BALANCE = "SELECT balance FROM erp_invoice WHERE id = ?"
_DAYS_LATE = 60


class DrillErp(HostErp):
    """`HostErp` over the ERP's tables. A customer's data follow from its number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def code(self) -> str:
        return "drill"

    @property
    def capabilities(self) -> HostCapabilities:
        return HostCapabilities(events=True, holds=False, overdue=False)

    def creditors(self) -> Sequence[Creditor]:
        return [CREDITOR]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        return {customer_id: _customer(customer_id) for customer_id in ids}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        raise NotImplementedError("the drill adopts nothing")

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        return {each: Subscription(each, each, "500 MEGA", SubscriptionStatus.TERMINATED) for each in ids}

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        if not invoice_ids:
            return {}
        marks = ", ".join("?" for _ in invoice_ids)
        return {row[0]: _invoice(row) for row in self._database.rows(_INVOICE.format(marks), *invoice_ids)}

    def settlements_since(self, day: date) -> Iterator[Entry]:
        """Only entries without an event: sweeps need not read the others again."""
        sql = "SELECT id, invoice_id, day, amount FROM erp_entry WHERE is_reported = 0 AND day >= ?"
        for key, invoice_id, paid_on, amount in self._database.rows(sql, day.isoformat()):
            yield payment(key, invoice_id, date.fromisoformat(paid_on), amount)


def customer_of(invoice_id: str) -> str:
    """The customer of an invoice."""
    kind, number = invoice_id[0], int(invoice_id[1:])
    return f"{kind}C{number}" if kind == _DIRECTED else f"C{number // INVOICES_PER_CUSTOMER}"


def document_of(customer_id: str) -> str:
    """The customer's CPF."""
    directed = customer_id.startswith(_DIRECTED)
    return cpf(int(customer_id.lstrip("DC")) + (50_000_000 if directed else 0))


def directed_invoices(count: int, first: int) -> list[str]:
    """Invoices of customers with no other invoice."""
    return [f"{_DIRECTED}{number}" for number in range(first, first + count)]


def fill(database: Database, negativations: int, directed: int, seed: int) -> None:
    """Create the ERP's tables: every invoice is open and late."""
    due = (datetime.now(UTC).date() - timedelta(days=_DAYS_LATE)).isoformat()
    with database.writing() as connection:
        for table in TABLES:
            connection.execute(table)
        for invoice_id in [*invoice_ids(negativations), *directed_invoices(directed, 0)]:
            connection.execute(
                database.sql("INSERT INTO erp_invoice VALUES (?, ?, ?, ?, ?, ?, 0)"),
                (invoice_id, customer_of(invoice_id), due, AMOUNT, AMOUNT, InvoiceStatus.OPEN.value),
            )
        for step in steps(negativations, seed):
            is_person = int(step.kind in PERSON_STEPS)
            connection.execute(database.sql("INSERT INTO erp_step VALUES (?, ?, 0)"), (step.number, is_person))


def take_payment(
    database: Database, connection: Connection, invoice_id: str, key: str, *, part: bool = False, reported: bool = True
) -> Settlement | None:
    """Within a transaction of the ERP: take the open balance, or a part of it; None where it is zero."""
    sql = _BALANCE if database.is_sqlite else f"{_BALANCE} FOR UPDATE"
    rows = connection.execute(database.sql(sql), (invoice_id,)).fetchall()
    balance = rows[0][0]
    if not balance:
        return None
    paid = balance // 3 if part else balance
    today = datetime.now(UTC).date()
    status = InvoiceStatus.OPEN if part else InvoiceStatus.PAID
    connection.execute(
        database.sql("UPDATE erp_invoice SET balance = balance - ?, status = ?, ceased = ceased + ? WHERE id = ?"),
        (paid, status.value, int(not part), invoice_id),
    )
    connection.execute(
        database.sql("INSERT INTO erp_entry VALUES (?, 0, ?, ?, ?, ?)"),
        (key, invoice_id, today.isoformat(), paid, int(reported)),
    )
    return payment(key, invoice_id, today, paid)


def undo_payment(database: Database, connection: Connection, invoice_id: str) -> Reversal | None:
    """Within a transaction of the ERP: reverse the newest payment in force; None where there is none."""
    rows = connection.execute(
        database.sql(
            "SELECT e.id, e.amount FROM erp_entry e WHERE e.invoice_id = ? AND e.is_reversal = 0 AND NOT EXISTS"
            " (SELECT 1 FROM erp_entry r WHERE r.id = e.id AND r.is_reversal = 1) ORDER BY e.id DESC"
        ),
        (invoice_id,),
    ).fetchall()
    if not rows:
        return None
    key, amount = rows[0]
    today = datetime.now(UTC).date()
    connection.execute(
        database.sql("UPDATE erp_invoice SET balance = balance + ?, status = ? WHERE id = ?"),
        (amount, InvoiceStatus.OPEN.value, invoice_id),
    )
    connection.execute(
        database.sql("INSERT INTO erp_entry VALUES (?, 1, ?, ?, ?, 1)"), (key, invoice_id, today.isoformat(), amount)
    )
    return Reversal(key, invoice_id, today)


def cancel(database: Database, connection: Connection, invoice_id: str) -> None:
    """Within a transaction of the ERP: cancel the invoice, without an event."""
    connection.execute(
        database.sql("UPDATE erp_invoice SET balance = 0, status = ?, ceased = 1 WHERE id = ? AND balance > 0"),
        (InvoiceStatus.CANCELLED.value, invoice_id),
    )


def payment(key: str, invoice_id: str, paid_on: date, amount: int) -> Settlement:
    """A payment as the ERP reports it."""
    return Settlement(key, invoice_id, SettlementKind.PAYMENT, paid_on, Money(amount))


def _customer(customer_id: str) -> Customer:
    address = Address("RUA DAS ACÁCIAS", "100", "", "CENTRO", "DIVINÓPOLIS", "MG", "35500000")
    return Customer(customer_id, "MARIA DE EXEMPLO", document_of(customer_id), address, date(1980, 5, 17))


def _invoice(row: Row) -> Invoice:
    key, customer_id, due_date, amount, balance, status = row
    settled = None if status == InvoiceStatus.OPEN else datetime.now(UTC).date()
    return Invoice(
        key,
        customer_id,
        customer_id,
        f"NF-{key}",
        date.fromisoformat(due_date),
        Money(amount),
        Money(balance),
        InvoiceStatus(status),
        settled,
    )
