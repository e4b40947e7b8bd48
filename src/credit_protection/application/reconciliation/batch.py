"""The effects of one transaction on the negativations and on the divergences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from credit_protection.application.integration_context import ContextLoader
from credit_protection.application.reading_effects import Turns
from credit_protection.application.reconciliation.findings import Findings, LookedUp
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.audit import AuditEntry, automatic_entries
from credit_protection.domain.bureau_answers import RecordFound
from credit_protection.domain.comparison import bureau_differences, bureau_side
from credit_protection.domain.comparison.brake import brake_difference
from credit_protection.domain.comparison.bureau_records import (
    BureauRecord,
    Match,
    is_foreign,
    is_near,
    match,
    record_shown,
    unknown_subject,
)
from credit_protection.domain.comparison.bureau_side import Shown
from credit_protection.domain.divergences import (
    Difference,
    Divergence,
    DivergenceCode,
    DivergenceContext,
    Side,
    update_divergences,
)
from credit_protection.domain.negativations import Change, Negativation
from credit_protection.domain.observations import AnswerContext
from credit_protection.ports.storage import UnitOfWork

_Code = tuple[DivergenceCode, Side]


class Batch:
    """The effects of one transaction."""

    def __init__(self, tenant: TenantPorts, unit: UnitOfWork, integration_id: str, findings: Findings) -> None:
        self._tenant = tenant
        self._unit = unit
        self._findings = findings
        self.context = ContextLoader(tenant, unit).for_actor(SYSTEM, integration_id)
        self._calendar = tenant.calendars.for_creditor(self.context.creditor)
        self._turns = Turns(tenant, unit)
        self.divergences: list[Divergence] = []
        """Those that were written."""
        self._changes: list[Change] = []
        self._reopened: list[Negativation] = []
        self._pending: list[tuple[str, str | None, Sequence[Difference], Sequence[_Code]]] = []

    def shown(self, matched: Sequence[tuple[Negativation, BureauRecord, Match]], as_of: datetime) -> None:
        """Compare records that are there; what changes a negativation is decided again under its lock."""
        stable: dict[str, tuple[Negativation, BureauRecord, Shown]] = {}
        for known, record, how in matched:
            is_judged_later = how is Match.OTHER_ID and not known.is_closed
            if known.id in stable or is_judged_later:
                continue
            if bureau_side.is_comparable(known, as_of, self.context.capabilities):
                stable[known.id] = known, record, bureau_side.shown(known, record, how)
        acting = [key for key, (_, _, result) in stable.items() if result.acts]
        locked = {each.id: each for each in self._unit.negativations.lock_all(acting)} if acting else {}
        for known, record, result in stable.values():
            current = locked.get(known.id) if result.acts else known
            if current is None or current.version != known.version:
                continue  # it changes now: the next pass compares it
            self.compare(current, result.differences, sorted(result.fresh))
            if result.answer is not None:
                self._answered(current, result.answer, as_of)
            if result.reopens and self._turns.take([current]):
                self._findings.reopened += 1
                self._reopened.append(current)
                self._changes.append(bureau_side.reopened(current, record, self._answer_context()))

    def unknown(self, records: Sequence[BureauRecord], known_subjects: Iterable[BureauRecord]) -> None:
        """Show the records that no negativation has, and close what was shown of those that one has now."""
        integration_id, settings = self.context.integration.id, self.context.integration.settings
        standing = [each for each in records if each.stands]
        unconfirmed = (
            self._unit.negativations.unconfirmed_of(integration_id, [each.document for each in standing])
            if standing
            else ()
        )
        explained = list(known_subjects)
        for record in standing:
            near = [each for each in unconfirmed if is_near(each, record)]
            if near:
                explained.append(record)
                for each in near:
                    self._findings.add_near(each.id, record.reference)
            elif is_foreign(record, settings.foreign_contract_prefixes):
                explained.append(record)
                self._findings.foreign += 1
            else:
                subject = unknown_subject(integration_id, record)
                self._findings.unknown.add(hash(subject))
                if not settings.shared_account:
                    difference = bureau_differences.unknown_difference(integration_id, record)
                    self.compare_subject(subject, None, [difference], ())
        for record in explained if self._findings.shown_before else ():
            subject = unknown_subject(integration_id, record)
            self.compare_subject(subject, None, (), [(DivergenceCode.UNKNOWN_RECORD, Side.BUREAU)])

    def looked_up(self, current: Negativation, answer: LookedUp) -> None:
        """Compare what a look-up showed; `current` is locked."""
        for found in (answer.found, answer.by_key):
            if found is None:
                continue
            record = record_shown(current, found)
            matched = match(record, [current])
            if matched is None or not (record.is_there or bureau_side.came_and_went(current, record.state)):
                continue
            if matched[1] is Match.OTHER_ID:
                self._under_other_id(current, [record, *self._findings.others.get(current.id, ())])
                return
            if current.id in self._findings.others:
                self._findings.own_found.add(current.id)
            result = bureau_side.shown(current, record, matched[1])
            self.compare(current, result.differences, sorted(result.fresh))
            if result.answer is not None:
                self._answered(current, result.answer, answer.as_of)
            return
        for reference in answer.near:
            self._findings.add_near(current.id, reference)
        self.missing(current)

    def _answered(self, current: Negativation, found: RecordFound, as_of: datetime) -> None:
        self._findings.answered += 1
        self._changes.append(bureau_side.looked_up_at(current, found, as_of, self._answer_context()))

    def _under_other_id(self, current: Negativation, records: Iterable[BureauRecord]) -> None:
        self.other_id(current, bureau_side.other_id(current, records, own_stands=False))

    def other_id(self, current: Negativation, difference: Difference | None) -> None:
        """Our key that stands under another id; it is locked."""
        if difference is not None:
            self.compare(current, [difference], sorted(bureau_side.OF_ONE_KEY))

    def missing(self, current: Negativation) -> None:
        """A record that is not there; it is locked. One whose key the list showed under another id is shown as such."""
        found = self._findings
        if current.id in found.others.keys() - found.with_other_record:
            self._under_other_id(current, found.others[current.id])
            return
        difference = bureau_side.missing(current, found.near.get(current.id, ()))
        if difference is not None and current.id not in found.with_other_record:
            found.missing += 1
            self.compare(current, [difference], sorted(bureau_side.OF_ONE_KEY))

    def compare(self, negativation: Negativation, found: Sequence[Difference], fresh: Sequence[_Code]) -> None:
        """Note the differences of a negativation."""
        self.compare_subject(negativation.id, negativation.id, found, fresh)

    def compare_subject(
        self, subject: str, negativation_id: str | None, found: Sequence[Difference], fresh: Sequence[_Code]
    ) -> None:
        """Note the differences of any subject."""
        if found or hash(subject) in self._findings.shown_before:  # else there is nothing to open or to close
            self._pending.append((subject, negativation_id, found, fresh))

    def end(self) -> list[Change]:
        """Write everything; the changes are to be published after the commit."""
        self._brake()
        before: dict[str, list[Divergence]] = {}
        for each in self._unit.divergences.open_of([subject for subject, *_ in self._pending]):
            before.setdefault(each.subject, []).append(each)
        written: dict[str, Divergence] = {}
        for subject, negativation_id, found, fresh in self._pending:
            current = before.get(subject, [])
            if not found and not current:
                continue
            named = [bureau_differences.with_named_before(each, current) for each in found]
            updated = update_divergences(current, named, fresh, self._at(negativation_id), self._new_ids())
            known = {each.id for each in current}
            self._findings.opened.update(each.code for each in updated if each.id not in known)
            written.update({each.id: each for each in updated})
            self._findings.shown_before.update(hash(each.subject) for each in updated)
            merged = {each.id: each for each in (*current, *updated)}
            before[subject] = [each for each in merged.values() if each.closed_at is None]
        self.divergences += written.values()
        self._unit.divergences.save_all(self.divergences)
        self._unit.negativations.save_all([change.negativation for change in self._changes])
        self._unit.negativations.append([event for change in self._changes for event in change.events])
        self._unit.audit.add(*self._audit(), *automatic_entries(self._changes))
        return self._changes

    def _audit(self) -> Iterator[AuditEntry]:
        now = self._tenant.clock.now()
        for each in self._reopened:
            note = "consta no birô depois de encerrada"
            yield AuditEntry(now, SYSTEM.id, SYSTEM.name, "removal.request", each.id, each.creditor_id, note)

    def _brake(self) -> None:
        self._findings.is_held |= bool(self._turns.held)
        for integration_id, ids in self._turns.held.items():
            self.compare_subject(integration_id, None, [brake_difference(integration_id, ids, Side.BUREAU)], ())

    def _at(self, negativation_id: str | None) -> DivergenceContext:
        return DivergenceContext(
            integration_id=self.context.integration.id,
            creditor_id=self.context.creditor.id,
            negativation_id=negativation_id,
            now=self._tenant.clock.now(),
            today=self._tenant.today(self.context.creditor),
            calendar=self._calendar,
        )

    def _answer_context(self) -> AnswerContext:
        creditor, settings = self.context.creditor, self.context.integration.settings
        return AnswerContext(
            now=self._tenant.clock.now(),
            today=self._tenant.today(creditor),
            capabilities=self.context.capabilities,
            jitter=self._tenant.identifiers.jitter(),
            notice_days=settings.guards.notice_term(creditor.state),
        )

    def _new_ids(self) -> Iterator[str]:
        while True:
            yield self._tenant.identifiers.new_id()
