"""A person decides about everything that is open: what is kept stays decided, and what is removed leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from credit_protection.domain.divergences import Decision, DivergenceCode
from credit_protection.domain.money import Money
from tests.agreement_drill.audit import Planted
from tests.agreement_drill.expected import KEPT, REMOVED, Expected
from tests.agreement_drill.world import ANA

if TYPE_CHECKING:
    from credit_protection.domain.divergences import Divergence
    from tests.agreement_drill.world import Case, World

_KEPT_ONLY = frozenset({DivergenceCode.UNKNOWN_RECORD, DivergenceCode.UNPROVEN_EXIT})
"""What stands, or stood, at the bureau alone: there is nothing of ours to remove."""
_CHANGED_AGAIN = 3


class Decisions:
    """The decisions of one person over a world at rest."""

    def __init__(self, world: World, planted: dict[str, Planted]) -> None:
        self._world = world
        self._planted = planted
        self._cases = {each.negativation_id: each for each in world.cases}
        self._kept: dict[str, Divergence] = {}
        self._changed: set[str] = set()
        self._to_be_adopted: list[tuple[Case, str]] = []
        self.taken: Counter[str] = Counter()
        """How many, by decision."""

    def take(self) -> None:
        """Of each code, keep every second one, and remove the others."""
        seen: Counter[DivergenceCode] = Counter()
        for each in sorted(self._open(), key=lambda one: (one.code, one.subject)):
            case = self._cases.get(each.subject)
            seen[each.code] += 1
            has_other_key = case is not None and bool(case.contract_shown)
            removes = each.code not in _KEPT_ONLY and (seen[each.code] % 2 == 0 or has_other_key)
            decision = Decision.REMOVE if removes else Decision.KEEP
            decided = self._world.tenant.divergences.decide(ANA, each.id, decision, remark="conferido no portal")
            self.taken[decision.value] += 1
            if not removes:
                self._kept[each.id] = decided
            if case is not None:
                self._expect(case, each, removes=removes)

    def _expect(self, case: Case, divergence: Divergence, *, removes: bool) -> None:
        before = self._planted[case.negativation_id]
        end = str(divergence.code)
        if removes:
            end = KEPT if divergence.code is DivergenceCode.DUPLICATE else REMOVED
            case.removable_from = self._world.today
        if removes and before.kind == "id_of_another_person":
            self._world.unknown_records.append(self._world.get(case).bureau_id or "")
        if removes and case.contract_shown:
            self._to_be_adopted.append((case, before.kind))
            shown = [each.id for each in self._world.bureau.standing() if each.debt.contrato == case.contract_shown]
            self._world.unknown_for_a_while += shown
        passing = before.expected.passing | before.expected.ends
        self._planted[case.negativation_id] = Planted(before.kind, Expected(frozenset({end}), passing))

    def adopt(self) -> None:
        """Adopt the bureau's list: the records whose contract a file had spoiled."""
        world = self._world
        world.tenant.adoption.adopt(
            ANA, world.integration_id, world.tenant.adoption.bureau_list(ANA, world.integration_id)
        )
        adopted = {each.reference: each.id for each in world.negativations() if each.is_adopted}
        for case, kind in self._to_be_adopted:
            end = REMOVED if kind.endswith("paid") else KEPT
            case.reference, case.contract_shown = case.contract_shown, ""
            case.negativation_id = adopted.get(case.reference, case.negativation_id)
            self._planted[case.negativation_id] = Planted(kind, Expected(frozenset({end})))

    def change_values(self) -> None:
        """Reduce some invoices once more: the decisions about them were about other values."""
        lowered = [each for each in self._kept.values() if self._kind(each) == "lowered"]
        for each in lowered[:_CHANGED_AGAIN]:
            case = self._cases[each.subject]
            invoice = self._world.host.invoice(case.invoice_id)
            balance = Money(invoice.balance.cents - 10_00)
            amount = invoice.amount - Money(10_00)
            self._world.host.write(case.invoice_id, replace(invoice, amount=amount, balance=balance), owed=True)
            self._changed.add(each.id)

    def forgotten(self) -> list[str]:
        """What a person kept and is asked about again, though neither value changed; or is not, though one did."""
        found: list[str] = []
        stored = {each.id: each for each in self._world.divergences()}
        for each in self._kept.values():
            now = stored[each.id]
            if now.closed_at is not None:
                found.append(f"{each.subject} ({self._kind(each)}): {each.code} was kept, and is closed")
            elif (now.decision is None) is not (each.id in self._changed):
                values = f"{each.code} {now.ours} / {now.theirs}"
                found.append(f"{each.subject} ({self._kind(each)}): {values}, decision {now.decision}")
        return found

    def _kind(self, divergence: Divergence) -> str:
        planted = self._planted.get(divergence.subject)
        return "" if planted is None else planted.kind

    def _open(self) -> list[Divergence]:
        return [each for each in self._world.divergences() if each.closed_at is None]
