"""Decisions about negativations: made while the row is held, stored with their history, told of by whoever asked.

Those that are asked for at the same time share a transaction (group commit); each is a function of the row as it
stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from credit_protection.application.checkpoints import reached
from credit_protection.application.setups import Setups
from credit_protection.application.together import Together
from credit_protection.domain.negativations import Change, Desired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from credit_protection.application.setups import Setup
    from credit_protection.application.tenant import Tenant
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.settlements import Entry
    from credit_protection.ports.storage import UnitOfWork

Other = TypeVar("Other")


class Ledger:
    """What was settled of the invoices whose removal is wanted, read once for a whole transaction, if at all.

    Args:
        unit: the open one.
        negativations: that it holds.
    """

    def __init__(self, unit: UnitOfWork, negativations: Sequence[Negativation]) -> None:
        self._unit = unit
        self._negativations = negativations

    def of(self, negativation: Negativation) -> Sequence[Entry]:
        """Every entry of its invoices."""
        keys = ((negativation.host, invoice.invoice_id) for invoice in negativation.invoices)
        return [entry for key in keys for entry in self._entries.get(key, ())]

    @cached_property
    def _entries(self) -> dict[tuple[str, str], list[Entry]]:
        invoices: dict[str, list[str]] = {}
        for each in self._negativations:
            if each.desired is Desired.REMOVED:
                invoices.setdefault(each.host, []).extend(invoice.invoice_id for invoice in each.invoices)
        entries: dict[tuple[str, str], list[Entry]] = {}
        for host, invoice_ids in invoices.items():
            for entry in self._unit.settlements.entries(host, invoice_ids):
                entries.setdefault((host, entry.invoice_id), []).append(entry)
        return entries


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision is made from.

    Args:
        negativation: held, as it stands now.
        setup: how it is transmitted.
        ledger: what was settled.
    """

    negativation: Negativation
    setup: Setup
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Decided(Generic[Other]):
    """A decision, stored where it is a change; `other` is what it came to where it is none."""

    setup: Setup
    change: Change | None
    other: Other | None = None


class Decisions:
    """The shared transactions."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._together: Together[_Asked, Decided[object] | None] = Together(self._decide_all)

    def make(
        self, name: str, negativation_id: str, decide: Callable[[Facts], Change | Other | None]
    ) -> Decided[Other] | None:
        """Make one decision. It waits for nobody who holds the row.

        Args:
            name: of the checkpoints.
            negativation_id: about which.
            decide: from the facts, to a change that is stored, or to something else: then nothing is.

        Returns:
            None where somebody else holds the row, or there is none.
        """
        return cast("Decided[Other] | None", self._together(_Asked(name, negativation_id, decide)))

    def _decide_all(self, asked: Sequence[_Asked]) -> Sequence[Decided[object] | None]:
        with self._tenant.storage.unit() as unit:
            free = unit.negativations.lock_all([each.negativation_id for each in asked])
            held = {each.id: each for each in free}
            setups, ledger = Setups(self._tenant, unit), Ledger(unit, free)
            decided: list[Decided[object] | None] = []
            for each in asked:
                current = held.get(each.negativation_id)
                if current is None:
                    decided.append(None)
                    continue
                setup = setups.of(current)
                its = each.decide(Facts(current, setup, ledger))
                if isinstance(its, Change):
                    held[current.id] = its.negativation  # two may ask about one row: the second sees the first's change
                    decided.append(Decided(setup, its))
                else:
                    decided.append(Decided(setup, None, its))
            self._store(unit, {each.name for each in asked}, decided)
        return decided

    def _store(self, unit: UnitOfWork, names: Iterable[str], decided: Sequence[Decided[object] | None]) -> None:
        changes = [each.change for each in decided if each is not None and each.change is not None]
        if not changes:
            return
        unit.negativations.save_all(list({change.negativation.id: change.negativation for change in changes}.values()))
        unit.negativations.append([event for change in changes for event in change.events])
        for name in names:
            reached(f"{name}.written")
        unit.commit()
        for name in names:
            reached(f"{name}.committed")


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    negativation_id: str
    decide: Callable[[Facts], object]
