"""What a pass reads becomes stored: one transaction for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from credit_protection.application.batched_updates import publish
from credit_protection.application.reconciliation.batch import Batch
from credit_protection.application.reconciliation.findings import Findings, LookedUp
from credit_protection.application.reconciliation.marks import MISSED
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.comparison import bureau_differences, bureau_side
from credit_protection.domain.comparison.bureau_records import BureauRecord, Match, match
from credit_protection.domain.divergences import (
    Difference,
    Divergence,
    DivergenceCode,
    Side,
)
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.operation_counts import OperationCounts


class BureauEffects:
    """Stores what a pass over the bureau's side reads about one integration. Each call is one transaction."""

    def __init__(self, tenant: TenantPorts, integration_id: str, findings: Findings) -> None:
        self._tenant = tenant
        self._integration_id = integration_id
        self.findings = findings

    def store_list(self, batch: Sequence[BureauRecord], as_of: datetime) -> None:
        """Store a part of a list: what stands, compared with what is believed here."""
        there = [each for each in batch if each.is_there]
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, self.findings)
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
                found = match(record, known.of(record))
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
        self.findings.rows += len(batch)
        self.findings.matched += len(matched)
        publish(self._tenant, changes, work.divergences)

    def _note(self, matched: Iterable[tuple[Negativation, BureauRecord, Match]]) -> None:
        for negativation, record, how in matched:
            if how is Match.OTHER_ID and record.stands and not negativation.is_closed:
                self.findings.add_other(negativation.id, record)
            elif how is Match.OTHER_RECORD:
                self.findings.with_other_record.add(negativation.id)

    def store_look_ups(self, answers: Sequence[LookedUp]) -> None:
        """Store look-ups: what stands, and what does not."""
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, self.findings)
            locked = {each.id: each for each in unit.negativations.lock_all([one.negativation.id for one in answers])}
            for answer in answers:
                current = locked.get(answer.negativation.id)
                if current is None or not bureau_side.is_comparable(current, answer.as_of, work.context.capabilities):
                    continue
                unit.negativations.mark_seen([current.id], answer.as_of)
                work.looked_up(current, answer)
            changes = work.end()
            unit.commit()
        self.findings.looked_up += len(answers)
        publish(self._tenant, changes, work.divergences)

    def store_missing(self, negativations: Sequence[Negativation], as_of: datetime) -> None:
        """Store that two lists did not show these, where the gateway can't look up."""
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, self.findings)
            for current in unit.negativations.lock_all([each.id for each in negativations]):
                if bureau_side.is_comparable(current, as_of, work.context.capabilities):
                    work.missing(current)
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def note_own(self, as_of: datetime) -> None:
        """After the whole list: which of our keys that stand under another id it also shows under ours."""
        with self._tenant.storage.read_only() as unit:
            self.findings.own_found |= unit.negativations.seen_since(list(self.findings.others), as_of)

    def store_others(self, as_of: datetime) -> None:
        """After the whole list and the look-ups: our keys that stand under another id.

        Where the gateway can look up, only a look-up tells that our own id does not stand.
        """
        found = self.findings
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, found)
            capabilities = work.context.capabilities
            judged = found.own_found if capabilities.find else found.others.keys()
            for current in unit.negativations.lock_all(sorted(judged - found.with_other_record)):
                if bureau_side.is_comparable(current, as_of, capabilities):
                    own_stands = current.id in found.own_found
                    work.other_id(
                        current, bureau_side.other_id(current, found.others[current.id], own_stands=own_stands)
                    )
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def store_of_integration(self, found: Sequence[Difference], fresh: Sequence[DivergenceCode]) -> None:
        """Store the differences of the integration as a whole."""
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, self.findings)
            work.compare_subject(self._integration_id, None, found, [(code, Side.BUREAU) for code in fresh])
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)

    def store_counts(self, counts: Mapping[str, OperationCounts]) -> None:
        """Compare a portal's counts, by compact document, with how many records are believed present."""
        fresh = [(DivergenceCode.DIFFERS, Side.BUREAU)]
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, self.findings)
            ours = unit.negativations.count_present(self._integration_id, list(counts))
            subjects = [bureau_differences.counts_subject(self._integration_id, document) for document in counts]
            open_ones = unit.divergences.open_of(subjects)
            self.findings.shown_before.update(hash(each.subject) for each in open_ones)
            for document, theirs in counts.items():
                found = bureau_differences.counts_difference(
                    self._integration_id, document, ours.get(document, 0), theirs
                )
                subject = bureau_differences.counts_subject(self._integration_id, document)
                work.compare_subject(subject, None, [] if found is None else [found], fresh)
            changes = work.end()
            unit.commit()
        publish(self._tenant, changes, work.divergences)
        self.findings.rows += len(counts)

    def close_over(self, divergences: Sequence[Divergence], found: AbstractSet[str], as_of: datetime) -> None:
        """Close, of these open ones, those about what the list, read to its end, no longer shows.

        `found` are the ids of those whose records a look-up still shows.
        """
        findings = self.findings
        with self._tenant.storage.unit() as unit:
            work = Batch(self._tenant, unit, self._integration_id, findings)
            seen = unit.negativations.seen_since([one.subject for one in divergences], as_of)
            missed = unit.watermarks.all(MISSED)
            for each in divergences:
                is_shown = {
                    DivergenceCode.AFTER_REMOVAL: each.subject in seen,
                    DivergenceCode.UNKNOWN_RECORD: hash(each.subject) in findings.unknown,
                    DivergenceCode.DUPLICATE: each.subject in findings.others,
                }
                before = missed.get(MISSED + each.id)
                if is_shown[each.code] or each.subject == self._integration_id:
                    if before is not None:
                        unit.watermarks.clear(MISSED + each.id)
                elif bureau_side.is_over(each.code, as_of, missed_before=before, is_found=each.id in found):
                    unit.watermarks.clear(MISSED + each.id)
                    work.compare_subject(each.subject, each.negativation_id, (), [(each.code, Side.BUREAU)])
                elif before is None and each.code is DivergenceCode.UNKNOWN_RECORD:
                    unit.watermarks.set(MISSED + each.id, as_of)
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
