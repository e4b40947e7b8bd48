"""Tables as dictionaries, and a unit's own view of them.

A unit's changes lie over the committed rows until it commits; nothing is copied, since every value is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from credit_protection.domain.audit import AuditEntry
    from credit_protection.domain.capabilities import Registry
    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.events import Event
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.natures import InclusionNature
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.products import Product
    from credit_protection.domain.queries import CreditQuery, CreditReport
    from credit_protection.domain.reasons import BureauReason
    from credit_protection.domain.requests import InclusionRequest
    from credit_protection.domain.settlements import RecordedEntry

K = TypeVar("K")
V = TypeVar("V")
EntryKey = tuple[str, str, str, bool]
"""Host, settlement id, whether it is a reversal."""
InvoiceKey = tuple[str, str]
"""Host, invoice id."""
_GONE = object()


class Table(Generic[K, V]):
    """Committed rows by key, in the order of their first insertion."""

    def __init__(self) -> None:
        self.rows: dict[K, V] = {}


class View(Generic[K, V]):
    """A table as one unit sees it.

    Args:
        table: the committed rows.
        mutex: held for moments, while rows are read or a unit's changes become rows.
        writable: whether the unit writes.
    """

    def __init__(self, table: Table[K, V], mutex: threading.Lock, *, writable: bool) -> None:
        self._rows = table.rows
        self._mutex = mutex
        self._writable = writable
        self._changes: dict[K, object] = {}

    def get(self, key: K) -> V | None:
        """The row with this key."""
        changed = self._changes.get(key, None)
        if changed is None:
            return self._rows.get(key)
        return None if changed is _GONE else cast(V, changed)

    def items(self) -> list[tuple[K, V]]:
        """All rows with their keys."""
        with self._mutex:
            rows: dict[K, object] = dict(self._rows)
        rows.update(self._changes)
        return [(key, cast(V, value)) for key, value in rows.items() if value is not _GONE]

    def values(self) -> list[V]:
        """All rows."""
        return [value for _, value in self.items()]

    def put(self, key: K, value: V) -> None:
        """Insert or replace."""
        self._require_writable()
        self._changes[key] = value

    def drop(self, key: K) -> None:
        """Delete, where it is there."""
        self._require_writable()
        self._changes[key] = _GONE

    def _require_writable(self) -> None:
        if not self._writable:
            raise RuntimeError("this unit only reads, or was committed before")

    def commit(self) -> None:
        """The changes become rows. The mutex is held."""
        for key, value in self._changes.items():
            if value is _GONE:
                self._rows.pop(key, None)
            else:
                self._rows[key] = cast(V, value)
        self._writable = False


@dataclass(frozen=True, slots=True)
class Tables:
    """Every table, and the indexes that keep the work from being searched for."""

    creditors: Table[str, Creditor] = field(default_factory=Table)
    integrations: Table[str, Integration] = field(default_factory=Table)
    products: Table[str, tuple[Product, ...]] = field(default_factory=Table)
    natures: Table[str, tuple[InclusionNature, ...]] = field(default_factory=Table)
    reasons: Table[str, tuple[BureauReason, ...]] = field(default_factory=Table)
    queries: Table[str, CreditQuery] = field(default_factory=Table)
    reports: Table[str, CreditReport] = field(default_factory=Table)
    requests: Table[str, InclusionRequest] = field(default_factory=Table)
    negativations: Table[str, Negativation] = field(default_factory=Table)
    references: Table[str, str] = field(default_factory=Table)
    """Negativation by contract reference."""
    covering: Table[InvoiceKey, tuple[str, ...]] = field(default_factory=Table)
    """Negativations that are not closed, by invoice."""
    wanted: Table[tuple[str, Registry, str], str] = field(default_factory=Table)
    """The negativation that is not closed and wanted, by host, registry and invoice (rule 3's backstop)."""
    working: Table[str, Negativation] = field(default_factory=Table)
    """Negativations that wait for a worker or are held by one."""
    history: Table[str, tuple[Event, ...]] = field(default_factory=Table)
    settlements: Table[EntryKey, RecordedEntry] = field(default_factory=Table)
    ledger: Table[InvoiceKey, tuple[EntryKey, ...]] = field(default_factory=Table)
    """Entries by invoice, in the order of recording."""
    unapplied: Table[EntryKey, RecordedEntry] = field(default_factory=Table)
    audit: Table[int, AuditEntry] = field(default_factory=Table)
    marks: Table[str, datetime] = field(default_factory=Table)


class Views:
    """Every table as one unit sees it."""

    def __init__(self, tables: Tables, mutex: threading.Lock, *, writable: bool) -> None:
        self._mutex = mutex
        self._all: list[View[object, object]] = []

        def view(table: Table[K, V]) -> View[K, V]:
            made = View(table, mutex, writable=writable)
            self._all.append(cast(View[object, object], made))
            return made

        self.creditors = view(tables.creditors)
        self.integrations = view(tables.integrations)
        self.products = view(tables.products)
        self.natures = view(tables.natures)
        self.reasons = view(tables.reasons)
        self.queries = view(tables.queries)
        self.reports = view(tables.reports)
        self.requests = view(tables.requests)
        self.negativations = view(tables.negativations)
        self.references = view(tables.references)
        self.covering = view(tables.covering)
        self.wanted = view(tables.wanted)
        self.working = view(tables.working)
        self.history = view(tables.history)
        self.settlements = view(tables.settlements)
        self.ledger = view(tables.ledger)
        self.unapplied = view(tables.unapplied)
        self.audit = view(tables.audit)
        self.marks = view(tables.marks)

    def commit(self) -> None:
        """All changes become rows at once."""
        with self._mutex:
            for view in self._all:
                view.commit()
