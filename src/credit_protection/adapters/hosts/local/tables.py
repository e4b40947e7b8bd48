"""The local ERP's tables, in a SQLite file of its own, and the mapping of their rows.

Days are ISO text, amounts integer cents, ids text. `PRAGMA user_version` holds the version of the tables.
"""

import sqlite3
from dataclasses import astuple
from datetime import date
from typing import Any

from credit_protection.adapters.hosts.local.loading import Provider
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    LineKind,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import compact_document, fold
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind

VERSION = 2

SCHEMA = """
CREATE TABLE company (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, city TEXT NOT NULL, time_zone TEXT NOT NULL
);
CREATE TABLE customers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, document TEXT NOT NULL, document_key TEXT NOT NULL,
    street TEXT NOT NULL, number TEXT NOT NULL, complement TEXT NOT NULL, district TEXT NOT NULL,
    city TEXT NOT NULL, city_key TEXT NOT NULL, state TEXT NOT NULL, postal_code TEXT NOT NULL,
    birth_date TEXT, email TEXT NOT NULL, phone TEXT NOT NULL
);
CREATE INDEX customers_by_document ON customers (document_key);
CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, description TEXT NOT NULL, status TEXT NOT NULL
);
CREATE TABLE invoices (
    id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, subscription_id TEXT REFERENCES subscriptions,
    number TEXT NOT NULL, due_date TEXT NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,
    in_agreement INTEGER NOT NULL, paid_on TEXT, available_on TEXT, original_due_date TEXT, issued_on TEXT,
    payment_pending INTEGER NOT NULL DEFAULT 0, protested INTEGER NOT NULL DEFAULT 0, lines TEXT NOT NULL DEFAULT ''
);
CREATE INDEX invoices_owed ON invoices (due_date, id) WHERE balance > 0 AND in_agreement = 0;
CREATE INDEX invoices_of_customer ON invoices (customer_id, due_date);
-- One row per settlement or reversal; `covered` is the amount that the settlement took off the invoice's balance.
CREATE TABLE settlements (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, settlement_id TEXT NOT NULL, is_reversal INTEGER NOT NULL,
    invoice_id TEXT NOT NULL REFERENCES invoices, day TEXT NOT NULL, amount INTEGER, discount INTEGER NOT NULL,
    available_on TEXT, covered INTEGER NOT NULL, UNIQUE (settlement_id, is_reversal)
);
CREATE INDEX settlements_by_day ON settlements (day, sequence);
CREATE TABLE holds (
    customer_id TEXT PRIMARY KEY REFERENCES customers, reason TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'other',
    until TEXT
);
-- Numbers settlements; an import keeps it. `series` differs from file to file, so that ids stay unique even after
-- the file was deleted. Otherwise a payment would look like a repeat of an older one.
CREATE TABLE numbering (series TEXT NOT NULL, last INTEGER NOT NULL);
INSERT INTO numbering VALUES (lower(hex(randomblob(3))), 0)
"""

UPGRADE = """
ALTER TABLE invoices ADD COLUMN original_due_date TEXT;
ALTER TABLE invoices ADD COLUMN issued_on TEXT;
ALTER TABLE invoices ADD COLUMN payment_pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invoices ADD COLUMN protested INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invoices ADD COLUMN lines TEXT NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN kind TEXT NOT NULL DEFAULT 'other';
ALTER TABLE holds ADD COLUMN until TEXT
"""
"""From version 1."""

_EMPTIED = ("holds", "settlements", "invoices", "subscriptions", "customers", "company")

CUSTOMERS = """
SELECT id, name, document, street, number, complement, district, city, state, postal_code, birth_date, email, phone
FROM customers
"""
SUBSCRIPTIONS = "SELECT id, customer_id, description, status FROM subscriptions"
INVOICES = """
SELECT id, customer_id, subscription_id, number, due_date, amount, balance, in_agreement, paid_on, available_on,
    original_due_date, issued_on, payment_pending, protested, lines
FROM invoices
"""
INVOICE_COUNT = "SELECT count(*) FROM invoices"
ENTRIES = """
SELECT day, sequence, settlement_id, is_reversal, invoice_id, amount, discount, available_on FROM settlements
"""
COMPANIES = "SELECT id, name, state, city, time_zone FROM company"
HOLDS = "SELECT customer_id, reason, kind, until FROM holds"
_INSERT_CUSTOMER = """
INSERT INTO customers
    (id, name, document, document_key, city_key, birth_date, email, phone,
    street, number, complement, district, city, state, postal_code)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_INVOICE = "INSERT INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_ENTRY = """
INSERT INTO settlements (settlement_id, is_reversal, invoice_id, day, amount, discount, available_on, covered)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

# A row as sqlite3 gives it.
Row = tuple[Any, ...]


def customer_of(row: Row) -> Customer:
    """From a row of `CUSTOMERS`."""
    id_, name, document, *address, birth_date, email, phone = row
    return Customer(id_, name, document, Address(*address), _day(birth_date), email, phone)


def subscription_of(row: Row) -> Subscription:
    """From a row of `SUBSCRIPTIONS`."""
    id_, customer_id, description, status = row
    return Subscription(id_, customer_id, description, SubscriptionStatus(status))


def invoice_of(row: Row) -> Invoice:
    """From a row of `INVOICES`."""
    id_, customer_id, subscription_id, number, due_date, amount, balance, in_agreement, paid_on, available_on = row[:10]
    original_due_date, issued_on, payment_pending, protested, lines = row[10:]
    status = InvoiceStatus.IN_AGREEMENT if in_agreement else InvoiceStatus.OPEN
    return Invoice(
        id_,
        customer_id,
        subscription_id,
        number,
        date.fromisoformat(due_date[:10]),
        Money(amount),
        Money(balance),
        status if paid_on is None else InvoiceStatus.PAID,
        _day(paid_on),
        _day(available_on),
        original_due_date=_day(original_due_date),
        issued_on=_day(issued_on),
        payment_pending=bool(payment_pending),
        protested=bool(protested),
        lines=tuple(map(LineKind, lines.split())),
    )


def hold_of(row: Row) -> Hold:
    """From a row of `HOLDS`."""
    _, reason, kind, until = row
    return Hold(HoldKind(kind), reason, _day(until))


def entry_of(row: Row) -> Entry:
    """From a row of `ENTRIES`."""
    day, _, settlement_id, is_reversal, invoice_id, amount, discount, available_on = row
    if is_reversal:
        return Reversal(settlement_id, invoice_id, date.fromisoformat(day[:10]))
    return Settlement(
        settlement_id,
        invoice_id,
        SettlementKind.PAYMENT,
        date.fromisoformat(day[:10]),
        None if amount is None else Money(amount),
        Money(discount),
        _day(available_on),
    )


def creditor_of(row: Row) -> Creditor:
    """From a row of `COMPANIES`."""
    id_, name, state, city, time_zone = row
    return Creditor(id_, Cnpj(id_), name, state, city, time_zone)


def insert_settlement(connection: sqlite3.Connection, settlement: Settlement, covered: Money) -> None:
    """Insert one row of the ledger; `covered` is the amount taken off the balance."""
    amount = None if settlement.amount is None else settlement.amount.cents
    day, available_on = settlement.paid_on.isoformat(), iso(settlement.available_on)
    discount = settlement.discount.cents
    values = (settlement.id, False, settlement.invoice_id, day, amount, discount, available_on, covered.cents)
    connection.execute(_INSERT_ENTRY, values)


def insert_reversal(connection: sqlite3.Connection, reversal: Reversal) -> None:
    """Insert one row of the ledger."""
    day = reversal.reversed_on.isoformat()
    connection.execute(_INSERT_ENTRY, (reversal.settlement_id, True, reversal.invoice_id, day, None, 0, None, 0))


def replace_everything(connection: sqlite3.Connection, provider: Provider) -> None:
    """Empty the tables and fill them, in the connection's open transaction."""
    for table in _EMPTIED:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above
    creditor = provider.creditor
    connection.execute(
        "INSERT INTO company VALUES (?, ?, ?, ?, ?)",
        (creditor.id, creditor.name, creditor.state, creditor.city, creditor.time_zone),
    )
    connection.executemany(_INSERT_CUSTOMER, (_customer_row(customer) for customer in provider.customers.values()))
    connection.executemany(
        "INSERT INTO subscriptions VALUES (?, ?, ?, ?)",
        ((each.id, each.customer_id, each.description, each.status.value) for each in provider.subscriptions.values()),
    )
    connection.executemany(
        INSERT_INVOICE,
        (_invoice_row(invoice) for invoice in provider.invoices.values()),
    )
    for settlement in provider.settlements:
        invoice = provider.invoices[settlement.invoice_id]
        insert_settlement(connection, settlement, invoice.amount - invoice.balance)
    connection.executemany(
        "INSERT INTO holds VALUES (?, ?, ?, ?)",
        ((key, hold.reason, hold.kind.value, iso(hold.until)) for key, hold in provider.holds.items()),
    )


def _customer_row(customer: Customer) -> Row:
    keys = compact_document(customer.document), fold(customer.address.city)
    reachable = iso(customer.birth_date), customer.email, customer.phone
    return (customer.id, customer.name, customer.document, *keys, *reachable, *astuple(customer.address))


def _invoice_row(invoice: Invoice) -> Row:
    return (
        invoice.id,
        invoice.customer_id,
        invoice.subscription_id,
        invoice.number,
        invoice.due_date.isoformat(),
        invoice.amount.cents,
        invoice.balance.cents,
        invoice.status is InvoiceStatus.IN_AGREEMENT,
        iso(invoice.paid_on),
        iso(invoice.available_on),
        iso(invoice.original_due_date),
        iso(invoice.issued_on),
        invoice.payment_pending,
        invoice.protested,
        " ".join(each.value for each in invoice.lines),
    )


def iso(day: date | None) -> str | None:
    """A day as the tables store it."""
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])
