"""A small ERP for trying the package: one SQLite file, filled from a JSON file with HubSoft's records."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from credit_protection.adapters.hosts.hubsoft_records import balance_after
from credit_protection.adapters.hosts.local import tables
from credit_protection.adapters.hosts.local.loading import LeftOut, load, read_text
from credit_protection.adapters.private_files import private_file, private_folder
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import Customer, Invoice, Subscription
from credit_protection.domain.errors import Conflict, HostUnavailable, InvalidInput, NotFound
from credit_protection.domain.holds import Hold
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import compact_document, fold
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind
from credit_protection.ports.host import HostCapabilities, OverdueFilter

EXAMPLE = "example_provider.json"
_CHUNK = 500
_BUSY_SECONDS = 10.0
_AMONG = "IN (SELECT value FROM json_each(?))"
_creation_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Imported:
    """How many records an import stored; `skipped` invoices have no amount, `left_out` records can't be read."""

    customers: int
    subscriptions: int
    invoices: int
    settlements: int
    holds: int
    agreements: int
    skipped: int
    left_out: tuple[LeftOut, ...] = ()


class LocalErp:
    """The local ERP: `ports.host.HostErp`, and the commands that a real ERP has on its screens.

    Every call opens and closes its own connection, so threads and processes may share the file. The first call creates
    it and its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def code(self) -> str:
        """`local`."""
        return "local"

    @property
    def capabilities(self) -> HostCapabilities:
        """All but `events`: the caller of `settle` may record the settlement that it returns."""
        return HostCapabilities(settled_invoices=True, reversals=True, names=True)

    def creditors(self) -> Sequence[Creditor]:
        """The company of the imported file; none before the first import. Its id is its compact CNPJ."""
        return [tables.creditor_of(row) for row in self._rows(f"{tables.COMPANIES} ORDER BY id")]

    def customers(self, ids: Sequence[str]) -> Mapping[str, Customer]:
        """Customers by id; an unknown id is absent from the answer."""
        rows = self._rows(f"{tables.CUSTOMERS} WHERE id {_AMONG}", _listed(ids))
        return {row[0]: tables.customer_of(row) for row in rows}

    def customers_with_document(self, document: str) -> Sequence[Customer]:
        """Customers with a compact CPF or CNPJ, by id."""
        sql = f"{tables.CUSTOMERS} WHERE document_key = ? ORDER BY id"
        return [tables.customer_of(row) for row in self._rows(sql, compact_document(document))]

    def customers_named(self, text: str, limit: int) -> Sequence[Customer]:
        """Customers with this text in their names, whatever its case and accents; by name."""
        wanted, found = fold(text), list[Customer]()
        last = ("", "")
        sql = f"{tables.CUSTOMERS} WHERE (name, id) > (?, ?) ORDER BY name, id LIMIT {_CHUNK}"
        while len(found) < limit and (rows := self._rows(sql, *last)):
            some = [tables.customer_of(row) for row in rows]
            found += [each for each in some if wanted in fold(each.name)]
            last = (some[-1].name, some[-1].id)
        return found[:limit]

    def customers_with_documents(self, documents: Sequence[str]) -> Mapping[str, Sequence[Customer]]:
        """Customers by compact CPF or CNPJ, of those of the documents that any has."""
        wanted = {compact_document(each): each for each in documents}
        found: dict[str, list[Customer]] = {}
        for row in self._rows(f"{tables.CUSTOMERS} WHERE document_key {_AMONG} ORDER BY id", _listed(list(wanted))):
            customer = tables.customer_of(row)
            found.setdefault(wanted[compact_document(customer.document)], []).append(customer)
        return found

    def subscriptions(self, ids: Sequence[str]) -> Mapping[str, Subscription]:
        """Subscriptions by id; an unknown id is absent from the answer."""
        rows = self._rows(f"{tables.SUBSCRIPTIONS} WHERE id {_AMONG}", _listed(ids))
        return {row[0]: tables.subscription_of(row) for row in rows}

    def invoice_statuses(self, invoice_ids: Sequence[str]) -> Mapping[str, Invoice]:
        """Invoices with their status now, by id; an unknown id is absent from the answer."""
        rows = self._rows(f"{tables.INVOICES} WHERE id {_AMONG}", _listed(invoice_ids))
        return {row[0]: tables.invoice_of(row) for row in rows}

    def invoices_due(self, customer_ids: Sequence[str], days: Sequence[date]) -> Sequence[Invoice]:
        """Invoices of the customers that fell due on any of the days, whatever their status; by id."""
        sql = (
            f"{tables.INVOICES} WHERE customer_id {_AMONG} AND (due_date {_AMONG} OR original_due_date {_AMONG})"
            " ORDER BY id"
        )
        listed = _listed([day.isoformat() for day in days])
        rows = self._rows(sql, _listed(customer_ids), listed, listed)
        return [tables.invoice_of(row) for row in rows]

    def overdue(self, wanted: OverdueFilter) -> Iterator[Invoice]:
        """Overdue open invoices, oldest first, streamed; no connection stays open between two chunks."""
        where, values = _overdue(wanted)
        sql = f"{tables.INVOICES} WHERE {where} AND (due_date, id) > (?, ?) ORDER BY due_date, id LIMIT {_CHUNK}"
        last = ("", "")
        while rows := self._rows(sql, *values, *last):
            found = [tables.invoice_of(row) for row in rows]
            yield from found
            last = (found[-1].due_date.isoformat(), found[-1].id)

    def count_overdue(self, wanted: OverdueFilter) -> int:
        """The number of invoices that `overdue` gives."""
        where, values = _overdue(wanted)
        ((count,),) = self._rows(f"{tables.INVOICE_COUNT} WHERE {where}", *values)
        return int(count)

    def settlements_since(self, day: date) -> Iterator[Entry]:
        """Settlements paid, and reversals made, on that day or later, by day and order of recording; streamed."""
        sql = f"{tables.ENTRIES} WHERE day >= ? AND (day, sequence) > (?, ?) ORDER BY day, sequence LIMIT {_CHUNK}"
        last = ("", 0)
        while rows := self._rows(sql, day.isoformat(), *last):
            yield from [tables.entry_of(row) for row in rows]
            last = rows[-1][:2]

    def holds(self, customer_ids: Sequence[str]) -> Mapping[str, Hold]:
        """The do-not-negativate list by customer id, of those of the ids that are on it."""
        rows = self._rows(f"{tables.HOLDS} WHERE customer_id {_AMONG}", _listed(customer_ids))
        return {row[0]: tables.hold_of(row) for row in rows}

    def import_file(self, path: Path, *, today: date, shift: bool = True) -> Imported:
        """Replace all records by those of a file, in one transaction; `shift` as for `loading.load`.

        A record that can't be read is left out and reported; it stops no other.

        Raises:
            InvalidInput: the file or its company can't be read; nothing was imported.
        """
        return self._import(read_text(path), today, shift=shift)

    def import_example(self, *, today: date) -> Imported:
        """Replace all records by those of the packaged fictitious provider, its dates moved to `today`."""
        text = files("credit_protection.adapters.hosts.local").joinpath(EXAMPLE).read_text(encoding="utf-8")
        return self._import(text, today, shift=True)

    def invoice(self, invoice_id: str) -> Invoice:
        """One invoice with its status now. Raises `NotFound`: it does not exist."""
        with self._connection() as connection:
            return _invoice_in(connection, invoice_id)

    def pay(
        self, invoice_id: str, *, paid_on: date, amount: Money | None = None, available_on: date | None = None
    ) -> Settlement:
        """Record a payment (dar baixa); returns the settlement, with a new id.

        Args:
            invoice_id: of the invoice.
            paid_on: payment date.
            amount: BRL, at most the balance; None for all of it.
            available_on: the day on which the money is available, where known.

        Raises:
            NotFound: the invoice does not exist.
            Conflict: it is settled already.
            InvalidInput: the amount is not positive or above the balance, or `available_on` is before `paid_on`.
        """
        if available_on is not None and available_on < paid_on:
            raise InvalidInput(
                "A data de crédito não pode ser antes da data de pagamento.",
                field="available_on",
                code="data_de_credito",
            )
        with self._writing() as connection:
            invoice = _invoice_in(connection, invoice_id)
            if not invoice.balance:
                raise Conflict(f"A fatura {invoice.number} já está quitada.", code="fatura_quitada")
            paid = invoice.balance if amount is None else amount
            if paid.cents <= 0 or paid > invoice.balance:
                raise InvalidInput(
                    f"O valor da baixa deve ser maior que zero e no máximo o saldo em aberto ({invoice.balance}).",
                    field="amount",
                    code="valor_da_baixa",
                )
            settlement = Settlement(
                _next_id(connection), invoice_id, SettlementKind.PAYMENT, paid_on, paid, available_on=available_on
            )
            tables.insert_settlement(connection, settlement, paid)
            balance = balance_after(invoice.balance, settlement)
            settled = (None, None) if balance else (tables.iso(settlement.paid_on), tables.iso(settlement.available_on))
            connection.execute(
                "UPDATE invoices SET balance = ?, paid_on = ?, available_on = ? WHERE id = ?",
                (balance.cents, *settled, invoice_id),
            )
        return settlement

    def reverse(self, settlement_id: str, *, on: date) -> Reversal:
        """Reverse a payment (estornar a baixa): the invoice's balance is open again.

        Raises:
            NotFound: the settlement does not exist.
            Conflict: it is reversed already.
            InvalidInput: the reversal's date is before the payment's.
        """
        with self._writing() as connection:
            rows = connection.execute(
                "SELECT is_reversal, invoice_id, day, covered FROM settlements WHERE settlement_id = ?"
                " ORDER BY is_reversal",
                (settlement_id,),
            ).fetchall()
            if not rows:
                raise NotFound(f"A baixa {settlement_id} não existe. Confira o código.", code="baixa_desconhecida")
            if len(rows) > 1:
                raise Conflict(f"A baixa {settlement_id} já foi estornada.", code="baixa_estornada")
            _, invoice_id, day, covered = rows[0]
            if on.isoformat() < day:
                raise InvalidInput(
                    "A data do estorno não pode ser antes da data de pagamento.", field="on", code="data_do_estorno"
                )
            reversal = Reversal(settlement_id, invoice_id, on)
            tables.insert_reversal(connection, reversal)
            connection.execute(
                "UPDATE invoices SET balance = balance + ?, paid_on = NULL, available_on = NULL WHERE id = ?",
                (covered, invoice_id),
            )
        return reversal

    def _import(self, text: str, today: date, *, shift: bool) -> Imported:
        provider = load(text, today=today, shift=shift)
        with self._writing() as connection:
            tables.replace_everything(connection, provider)
        return Imported(
            customers=len(provider.customers),
            subscriptions=len(provider.subscriptions),
            invoices=len(provider.invoices),
            settlements=len(provider.settlements),
            holds=len(provider.holds),
            agreements=provider.agreements,
            skipped=provider.skipped,
            left_out=provider.left_out,
        )

    def _rows(self, sql: str, *values: object) -> list[tables.Row]:
        with self._connection() as connection:
            return connection.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection, _transaction(connection):
            yield connection

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(self._connect()) as connection:
                if _version(connection) != tables.VERSION:
                    _create_tables(connection)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise HostUnavailable(
                f"O ERP local ({self._path.name}) não pôde ser usado: {error}. Confira o arquivo e tente de novo."
            ) from error

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            private_folder(self._path.parent)
        private_file(self._path)
        return sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)


def _version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA user_version")
    return int(version)


def _create_tables(connection: sqlite3.Connection) -> None:
    with _creation_lock:
        # The mode is stored in the file. Where another process sets it at the same time, SQLite refuses: no harm.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
        with _transaction(connection):
            version = _version(connection)
            if version == 0:
                for statement in tables.SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {tables.VERSION}")
            elif version == 1:
                for statement in tables.UPGRADE.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {tables.VERSION}")
            elif version != tables.VERSION:
                raise sqlite3.DatabaseError(f"versão {version} das tabelas, esperada {tables.VERSION}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _overdue(wanted: OverdueFilter) -> tuple[str, list[object]]:
    """The WHERE of overdue open invoices, and its values; an invoice is not late on its due date."""
    newest = _days_before(wanted.today, max(1, wanted.minimum_days_late))
    conditions: list[tuple[str, object]] = [("due_date <= ?", newest.isoformat())]
    if wanted.maximum_days_late is not None:
        conditions.append(("due_date >= ?", _days_before(wanted.today, wanted.maximum_days_late).isoformat()))
    if wanted.minimum_balance is not None:
        conditions.append(("balance >= ?", wanted.minimum_balance.cents))
    if wanted.customer_id is not None:
        conditions.append(("customer_id = ?", wanted.customer_id))
    if wanted.city is not None:
        conditions.append(("customer_id IN (SELECT id FROM customers WHERE city_key = ?)", fold(wanted.city)))
    where = " AND ".join(["balance > 0 AND in_agreement = 0", *(condition for condition, _ in conditions)])
    return where, [value for _, value in conditions]


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))


def _invoice_in(connection: sqlite3.Connection, invoice_id: str) -> Invoice:
    row = connection.execute(f"{tables.INVOICES} WHERE id = ?", (invoice_id,)).fetchone()
    if row is None:
        raise NotFound(f"A fatura {invoice_id} não existe no ERP. Confira o código.", code="fatura_desconhecida")
    return tables.invoice_of(row)


def _next_id(connection: sqlite3.Connection) -> str:
    connection.execute("UPDATE numbering SET last = last + 1")
    series, last = connection.execute("SELECT series, last FROM numbering").fetchone()
    return f"local-{series}-{last}"


def _listed(ids: Sequence[str]) -> str:
    return json.dumps(list(ids))
