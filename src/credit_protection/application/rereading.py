"""Reading the host's invoices again: those of all open negativations, and those that a host asked to recheck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from credit_protection.application.batched_updates import publish
from credit_protection.application.held_debts import HeldDebts
from credit_protection.application.host_reading import read_customers, read_invoices, store_left_out
from credit_protection.application.reading_effects import ReadingResult, store_readings
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison.readings import Reading, content_of, is_news, reading_of
from credit_protection.domain.comparison.rechecks import KEPT_FOR, Recheck, after_reading
from credit_protection.domain.customers import Invoice
from credit_protection.domain.divergences import Divergence, DivergenceCode, Side
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.instants import is_ahead, is_over
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.unreadable import Unreadable
from credit_protection.ports.storage import DivergenceFilter, PageRequest, UnitOfWork

BATCH_SIZE = 500
REREAD_WATERMARK = "host.reread."
"""Prefix of the watermark of the last whole reading of the open invoices; the host's code follows."""
REREAD_INTERVAL = timedelta(hours=4)
"""How often the invoices of all open negativations are read again from the host."""
_GONE = Reading("", datetime.min.replace(tzinfo=UTC), None).content


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the host said about some invoices; an invoice that it did not give is `left_out`, or gone."""

    as_of: datetime
    invoices: Mapping[str, Invoice]
    documents: Mapping[str, str]
    left_out: AbstractSet[str]

    def content(self, invoice_id: str) -> str:
        """The content of the invoice's reading, without making one."""
        invoice = self.invoices.get(invoice_id)
        return _GONE if invoice is None else content_of(invoice, self.documents.get(invoice.customer_id, ""))

    def readings(self, invoice_ids: Iterable[str]) -> list[Reading]:
        """One for each of the invoices, but for those that could not be read."""
        return [self._reading(each) for each in invoice_ids if each not in self.left_out]

    def _reading(self, invoice_id: str) -> Reading:
        invoice = self.invoices.get(invoice_id)
        if invoice is None:
            return Reading(invoice_id, self.as_of, None)
        return reading_of(invoice, self.as_of, self.documents.get(invoice.customer_id, ""))


class Rereading:
    """Reads the host, stores what is new, and records the settlements and divergences that follow."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self._held_debts = HeldDebts(tenant)
        self._left_out: list[Unreadable] = []

    def run_due(self) -> int:
        """Answer the rechecks that are due, and read all open invoices again where `REREAD_INTERVAL` is over.

        Returns how many entries the ledger gained.

        Raises:
            HostUnavailable: the host can't be read.
        """
        new = self.answer_rechecks()
        with self._tenant.storage.read_only() as unit:
            last = unit.watermarks.get(REREAD_WATERMARK + self._tenant.host.code)
        if is_over(last, self._tenant.clock.now(), REREAD_INTERVAL):
            new += self.reread_all()
        return new

    def reread_all(self) -> int:
        """Read the invoices and the debtors' holds of every open negativation again, page by page.

        Returns how many entries of the ledger are new.
        """
        host, started = self._tenant.host.code, self._tenant.clock.now()
        self._left_out.clear()
        new = 0
        cursor: str | None = None
        held: set[str] = set()
        while True:
            result, cursor = self._reread_page(host, cursor)
            new += len(result.changed)
            held.update(result.held)
            if cursor is None:
                break
        try:
            held.update(self._held_debts.check_all())
        except HostUnavailable:
            raise
        except Exception:
            self._end(host, started, closes_brakes=False)  # the invoices were read: not again at each sweep
            raise
        self._end(host, started, closes_brakes=not held)
        return new

    def _end(self, host: str, started: datetime, *, closes_brakes: bool) -> None:
        """Store when the invoices were read, and what was left out."""
        with self._tenant.storage.unit() as unit:
            unit.watermarks.set(REREAD_WATERMARK + host, started)
            store_left_out(unit, host, self._left_out)
            closed = _close_brakes(unit, started) if closes_brakes else ()
            unit.commit()
        publish(self._tenant, (), closed)

    def _reread_page(self, host: str, cursor: str | None) -> tuple[ReadingResult, str | None]:
        """Read one page of the open invoices; the next page's cursor. No reading is made of what is unchanged."""
        as_of = self._tenant.host_as_of()
        with self._tenant.storage.read_only() as unit:
            page = unit.readings.open_invoices(host, as_of, PageRequest(BATCH_SIZE, cursor))
        answer = self._ask(list(page.contents), as_of)
        news = [key for key, content in page.contents.items() if content is None or answer.content(key) != content]
        readings = answer.readings(news)
        others = self._of_the_same_groups(news) - page.contents.keys()
        if others:
            readings += self._ask(sorted(others), as_of).readings(sorted(others))
        return self._store(readings), page.cursor

    def _of_the_same_groups(self, invoice_ids: Sequence[str]) -> set[str]:
        """All invoices of the groups of some invoices: a group is compared with readings of one time."""
        if not invoice_ids:
            return set()
        with self._tenant.storage.read_only() as unit:
            covering = unit.negativations.for_invoices(self._tenant.host.code, invoice_ids)
        return {invoice.invoice_id for each in covering for invoice in each.invoices}

    def read(self, invoice_ids: Sequence[str]) -> ReadingResult:
        """Read invoices now, and store what is new. At most `BATCH_SIZE`.

        An invoice whose reading is too old to decide about it is asked about again.

        Raises:
            HostUnavailable: the host can't be read.
        """
        if not invoice_ids:
            return ReadingResult()
        readings = self._ask(invoice_ids, self._tenant.host_as_of()).readings(invoice_ids)
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            read = unit.readings.get(self._tenant.host.code, invoice_ids)
        stored = {key: each for key, each in read.items() if not is_ahead(each.reading.as_of, now)}
        return self._store([each for each in readings if is_news(stored.get(each.invoice_id), each)])

    def _store(self, news: Sequence[Reading]) -> ReadingResult:
        if not news:
            return ReadingResult()
        result = store_readings(self._tenant, self._tenant.host.code, news)
        if result.ask_again:
            self.recheck(result.ask_again)
        return result

    def recheck(self, invoice_ids: Iterable[str]) -> None:
        """Mark invoices to be read again, in a transaction of our own."""
        with self._tenant.storage.unit() as unit:
            unit.rechecks.add(self.new_rechecks(invoice_ids))
            unit.commit()

    def new_rechecks(self, invoice_ids: Iterable[str]) -> list[Recheck]:
        """One recheck for each invoice, due now."""
        tenant, now = self._tenant, self._tenant.clock.now()
        ids = dict.fromkeys(invoice_ids)
        return [Recheck(tenant.identifiers.new_id(), tenant.host.code, each, now, now) for each in ids]

    def answer_rechecks(self, limit: int = BATCH_SIZE) -> int:
        """Read the invoices whose recheck is due. Returns how many entries the ledger gained.

        One that the host can't answer backs off and blocks no other. One whose invoice no open negativation covers is
        done without asking, and kept a day for the creations that read the host before it.

        Raises:
            HostUnavailable: the host can't be read at all.
        """
        now = self._tenant.clock.now()
        with self._tenant.storage.unit() as unit:
            seen = unit.rechecks.see(now)
            purged = unit.rechecks.purge(now - KEPT_FOR)
            if seen or purged:
                unit.commit()
        with self._tenant.storage.read_only() as unit:
            due = unit.rechecks.due(self._tenant.host.code, now, limit)
            ids = list(dict.fromkeys(each.invoice_id for each in due))
            covering = unit.negativations.for_invoices(self._tenant.host.code, ids) if ids else ()
        covered = {invoice.invoice_id for each in covering for invoice in each.invoices}
        wanted = sorted(covered)
        as_of: dict[str, datetime] = {}
        new = 0
        try:
            if wanted:
                readings = self._ask(wanted, self._tenant.host_as_of()).readings(wanted)
                result = store_readings(self._tenant, self._tenant.host.code, readings)
                undecided = {*result.ask_again, *result.held}
                as_of = {
                    each.invoice_id: each.as_of
                    for each in readings
                    if each.status is not None and each.invoice_id not in undecided
                }
                new = len(result.changed)
                self._held_debts.check(covering)
        finally:
            done = [_answered(each, covered, as_of, self._tenant.clock.now()) for each in due]
            if done:
                with self._tenant.storage.unit() as unit:
                    unit.rechecks.save_all(done)
                    unit.commit()
        return new

    def _ask(self, invoice_ids: Sequence[str], as_of: datetime) -> _Answer:
        """Ask the host; `as_of` is not after the instant of asking, less the host's lag."""
        invoices, left_out = read_invoices(self._tenant, invoice_ids)
        self._left_out += left_out
        return _Answer(
            as_of, invoices, self._documents(invoices.values()), frozenset(each.subject for each in left_out)
        )

    def _documents(self, invoices: Iterable[Invoice]) -> Mapping[str, str]:
        ids = sorted({each.customer_id for each in invoices})
        customers, left_out = read_customers(self._tenant, ids)
        self._left_out += left_out
        return {key: compact_document(each.document) for key, each in customers.items()}


def _answered(recheck: Recheck, covered: AbstractSet[str], as_of: Mapping[str, datetime], now: datetime) -> Recheck:
    if recheck.invoice_id not in covered:
        return replace(recheck, done_at=now)
    return after_reading(recheck, as_of.get(recheck.invoice_id), now)


def _close_brakes(unit: UnitOfWork, now: datetime) -> list[Divergence]:
    """A whole reading passed and the brake held nothing."""
    wanted = DivergenceFilter(code=DivergenceCode.BRAKE, is_open=True)
    found = unit.divergences.list(wanted, PageRequest(BATCH_SIZE)).items
    closed = [replace(each, closed_at=now) for each in found if each.side is Side.ERP]
    unit.divergences.save_all(closed)
    return closed
