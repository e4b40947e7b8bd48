"""What the bureau's side makes of the negativations and of the divergences: one transaction for each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from credit_protection.application.batched_updates import publish
from credit_protection.application.integration_context import ContextLoader
from credit_protection.application.reading_effects import Turns
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.audit import AuditEntry, automatic_entries
from credit_protection.domain.bureau_answers import RecordFound
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.comparison.brake import brake_difference
from credit_protection.domain.comparison.bureau_side import BureauRecord, Match, Shown
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
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.ports.storage import UnitOfWork

_Code = tuple[DivergenceCode, Side]
_OF_ONE_KEY: Sequence[_Code] = [
    (code, Side.BUREAU)
    for code in (
        *(DivergenceCode.DUPLICATE, DivergenceCode.OTHERS_RECORD),
        *(DivergenceCode.NOT_THERE, DivergenceCode.NOT_FOUND),
    )
]
"""Each of them excludes the others."""
_MOST_NEAR = 10_000
"""Contracts that are remembered as near misses in one pass."""


@dataclass(slots=True)
class Findings:
    """What a pass found so far: counts, and the few records that only the end of the list judges.

    Args:
        opened: new divergences by code.
        others: our keys that stand under another id, by negativation.
        with_other_record: negativations whose id shows another record.
        unknown: digests of the unknown records that stand.
        shown_before: digests of the subjects whose divergences were open when the pass began.
        near: contracts that resemble an unconfirmed record's, by negativation.
    """

    rows: int = 0
    matched: int = 0
    foreign: int = 0
    unreadable: int = 0
    looked_up: int = 0
    missing: int = 0
    answered: int = 0
    reopened: int = 0
    opened: Counter[DivergenceCode] = field(default_factory=Counter)
    others: dict[str, BureauRecord] = field(default_factory=dict)
    with_other_record: set[str] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    near: dict[str, list[str]] = field(default_factory=dict)
    shown_before: set[int] = field(default_factory=set)

    def add_near(self, negativation_id: str, reference: str) -> None:
        """Remember a near miss."""
        if len(self.near) < _MOST_NEAR:
            self.near.setdefault(negativation_id, []).append(reference)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A look-up of one record: by what it has, and where that missed, by its natural key."""

    negativation: Negativation
    found: RecordFound | None
    by_key: RecordFound | None
    as_of: datetime


class BureauEffects:
    """Stores what a pass over the bureau's side reads about one integration. Each call is one transaction."""

    def __init__(self, tenant: TenantPorts, integration_id: str, findings: Findings) -> None:
        self._tenant = tenant
        self._integration_id = integration_id
        self._findings = findings

    def store_list(self, batch: Sequence[BureauRecord], as_of: datetime) -> None:
        """Store a part of a list: what stands, compared with what is believed here."""
        there = [each for each in batch if each.is_there]
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            known = _Known(
                unit.negativations.find_listed(
                    self._integration_id,
                    [(each.document, each.reference, each.due_date) for each in there],
                    [each.bureau_id for each in there if each.bureau_id is not None],
                ),
                self._integration_id,
            )
            matched: list[tuple[Negativation, BureauRecord, Match]] = []
            unknown: list[BureauRecord] = []
            for record in there:
                found = bureau_side.match(record, known.of(record))
                if found is None:
                    unknown.append(record)
                elif found[0].integration_id == self._integration_id:
                    matched.append((found[0], record, found[1]))
            self._note(matched)
            seen = [each.id for each, _, how in matched if how is Match.SAME or each.is_closed]
            unit.negativations.mark_seen(seen, as_of)
            work.shown(matched, as_of)
            work.unknown(unknown, known_subjects=[record for _, record, _ in matched])
            changes = work.end()
            unit.commit()
        self._findings.rows += len(batch)
        self._findings.matched += len(matched)
        publish(self._tenant, changes, work.divergences)

    def _note(self, matched: Iterable[tuple[Negativation, BureauRecord, Match]]) -> None:
        for negativation, record, how in matched:
            if how is Match.OTHER_ID and record.stands and not negativation.is_closed:
                self._findings.others[negativation.id] = record
            elif how is Match.OTHER_RECORD:
                self._findings.with_other_record.add(negativation.id)

    def store_look_ups(self, answers: Sequence[LookedUp]) -> None:
        """Store look-ups: what stands, and what does not."""
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            locked = {each.id: each for each in unit.negativations.lock_all([one.negativation.id for one in answers])}
            for answer in answers:
                current = locked.get(answer.negativation.id)
                if current is None or not bureau_side.is_comparable(current, answer.as_of, work.context.capabilities):
                    continue
                unit.negativations.mark_seen([current.id], answer.as_of)
                work.looked_up(current, answer)
            changes = work.end()
            unit.commit()
        self._findings.looked_up += len(answers)
        publish(self._tenant, changes, work.divergences)

    def store_missing(self, negativations: Sequence[Negativation], as_of: datetime) -> None:
        """Store that two lists did not show these, where the gateway can't look up."""
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            for current in unit.negativations.lock_all([each.id for each in negativations]):
                if bureau_side.is_comparable(current, as_of, work.context.capabilities):
                    work.missing(current)
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def store_others(self, as_of: datetime) -> None:
        """After the whole list: our keys that stand under another id."""
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            own = unit.negativations.seen_since(list(self._findings.others), as_of)
            judged = self._findings.others.keys() - self._findings.with_other_record
            for current in unit.negativations.lock_all(sorted(judged)):
                if bureau_side.is_comparable(current, as_of, work.context.capabilities):
                    record = self._findings.others[current.id]
                    difference = bureau_side.other_id(current, record, own_stands=current.id in own)
                    work.other_id(current, difference)
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def store_of_integration(self, found: Sequence[Difference], fresh: Sequence[DivergenceCode]) -> None:
        """Store the differences of the integration as a whole."""
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            work.compare_subject(self._integration_id, None, found, [(code, Side.BUREAU) for code in fresh])
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def store_counts(self, counts: Mapping[str, OperationCounts]) -> None:
        """Compare a portal's counts, by compact document, with how many records are believed present."""
        fresh = [(DivergenceCode.DIFFERS, Side.BUREAU)]
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, self._findings)
            ours = unit.negativations.count_present(self._integration_id, list(counts))
            subjects = [bureau_side.counts_subject(self._integration_id, document) for document in counts]
            open_ones = unit.divergences.open_of(subjects)
            self._findings.shown_before.update(hash(each.subject) for each in open_ones)
            for document, theirs in counts.items():
                found = bureau_side.counts_difference(self._integration_id, document, ours.get(document, 0), theirs)
                subject = bureau_side.counts_subject(self._integration_id, document)
                work.compare_subject(subject, None, [] if found is None else [found], fresh)
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)
        self._findings.rows += len(counts)

    def close_over(self, divergences: Sequence[Divergence], as_of: datetime) -> None:
        """Close, of these open ones, those about what the list, read to its end, no longer shows."""
        findings = self._findings
        with self._tenant.storage.unit() as unit:
            work = _Unit(self._tenant, unit, self._integration_id, findings)
            seen = unit.negativations.seen_since([one.subject for one in divergences], as_of)
            for each in divergences:
                is_shown = {
                    DivergenceCode.AFTER_REMOVAL: each.subject in seen,
                    DivergenceCode.UNKNOWN_RECORD: hash(each.subject) in findings.unknown,
                    DivergenceCode.DUPLICATE: each.subject in findings.others,
                }
                if not is_shown[each.code] and each.subject != self._integration_id:
                    work.compare_subject(each.subject, each.negativation_id, (), [(each.code, Side.BUREAU)])
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)


class _Known:
    """The negativations that a batch may be about, by contract reference and by the bureau's id."""

    def __init__(self, negativations: Iterable[Negativation], integration_id: str) -> None:
        self._by_reference: dict[str, list[Negativation]] = {}
        self._by_id: dict[str, list[Negativation]] = {}
        for each in negativations:
            self._by_reference.setdefault(each.reference, []).append(each)
            if each.bureau_id is not None and each.integration_id == integration_id:
                self._by_id.setdefault(each.bureau_id, []).append(each)

    def of(self, record: BureauRecord) -> list[Negativation]:
        by_id = self._by_id.get(record.bureau_id, []) if record.bureau_id is not None else []
        return [*by_id, *self._by_reference.get(record.reference, [])]


class _Unit:
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
        for record in standing:
            near = [each for each in unconfirmed if bureau_side.is_near(each, record)]
            if near:
                for each in near:
                    self._findings.add_near(each.id, record.reference)
            elif bureau_side.is_foreign(record, settings.foreign_contract_prefixes):
                self._findings.foreign += 1
            else:
                subject = bureau_side.unknown_subject(integration_id, record)
                self._findings.unknown.add(hash(subject))
                if not settings.shared_account:
                    self.compare_subject(subject, None, [bureau_side.unknown_difference(integration_id, record)], ())
        for record in known_subjects if self._findings.shown_before else ():
            subject = bureau_side.unknown_subject(integration_id, record)
            self.compare_subject(subject, None, (), [(DivergenceCode.UNKNOWN_RECORD, Side.BUREAU)])

    def looked_up(self, current: Negativation, answer: LookedUp) -> None:
        """Compare what a look-up showed; `current` is locked."""
        for found in (answer.found, answer.by_key):
            if found is None:
                continue
            record = BureauRecord(
                document=found.document or current.document.value,
                reference=found.reference or current.reference,
                due_date=found.due_date or current.due_date,
                state=found.state,
                bureau_id=found.bureau_id or current.bureau_id,
                notice_sent_on=found.notice_sent_on,
                published_on=found.published_on,
                shows_key=bool(found.document),
            )
            matched = bureau_side.match(record, [current])
            if matched is None or not record.is_there:
                continue
            if matched[1] is Match.OTHER_ID:
                difference = bureau_side.other_id(current, record, own_stands=False)
                self.other_id(current, difference)
                return
            result = bureau_side.shown(current, record, matched[1])
            self.compare(current, result.differences, sorted(result.fresh))
            if result.answer is not None:
                self._answered(current, result.answer, answer.as_of)
            return
        self.missing(current)

    def _answered(self, current: Negativation, found: RecordFound, as_of: datetime) -> None:
        self._findings.answered += 1
        self._changes.append(bureau_side.looked_up_at(current, found, as_of, self._answer_context()))

    def other_id(self, current: Negativation, difference: Difference | None) -> None:
        """Our key that stands under another id; it is locked."""
        if difference is not None:
            self.compare(current, [difference], _OF_ONE_KEY)

    def missing(self, current: Negativation) -> None:
        """A record that is not there; it is locked. One that stands under another id was shown as such."""
        found = self._findings
        difference = bureau_side.missing(current, found.near.get(current.id, ()))
        if difference is not None and current.id not in found.others.keys() | found.with_other_record:
            found.missing += 1
            self.compare(current, [difference], _OF_ONE_KEY)

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
            updated = update_divergences(current, found, fresh, self._at(negativation_id), self._new_ids())
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


def counts_of(findings: Findings) -> Mapping[str, int]:
    """The new divergences by code, for a screen."""
    return {code.value: findings.opened[code] for code in DivergenceCode if findings.opened[code]}
