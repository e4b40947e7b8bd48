"""What comes to the do-not-negativate list after the inclusion. Each kind is one function; its name is the kind's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.holds import Hold, HoldKind
from tests.agreement_drill.expected import KEPT, REMOVED, ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.agreement_drill.expected import Change, Expected
    from tests.agreement_drill.world import Case, World


def disputed(world: World, case: Case) -> Expected:
    """The debtor disputes the debt: a person decides."""
    world.host.held[case.customer_id] = Hold(HoldKind.DISPUTE)
    return ends(DivergenceCode.HELD)


def disputed_for_a_day(world: World, case: Case) -> Expected:
    """The dispute ends on its day."""
    world.host.held[case.customer_id] = Hold(HoldKind.DISPUTE, until=world.today)
    return ends(KEPT, passing=(DivergenceCode.HELD,))


def court_order(world: World, case: Case) -> Expected:
    """A court order on the debtor's own customer record removes."""
    world.host.held[case.customer_id] = Hold(HoldKind.COURT_ORDER, "processo 1")
    case.removable_from = world.today
    return ends(REMOVED, passing=(DivergenceCode.HELD,), turns_by_reading=True)


def court_order_on_another_record(world: World, case: Case) -> Expected:
    """A court order on another customer record of the same person: which debt it is about a person must see."""
    world.host.held[_twin(world, case)] = Hold(HoldKind.COURT_ORDER, "processo 2")
    return ends(DivergenceCode.HELD)


def death_on_another_record(world: World, case: Case) -> Expected:
    """A death, wherever it is noted, removes all records of the person."""
    world.host.held[_twin(world, case)] = Hold(HoldKind.DEATH)
    case.removable_from = world.today
    return ends(REMOVED, passing=(DivergenceCode.HELD,), turns_by_reading=True)


def disputed_and_paid(world: World, case: Case) -> Expected:
    """The dispute ends with a payment."""
    disputed(world, case)
    world.later.append(lambda _: _pay(world, case))
    return ends(REMOVED, passing=(DivergenceCode.HELD,))


def _pay(world: World, case: Case) -> None:
    world.pay_all(case)


def _twin(world: World, case: Case) -> str:
    twin = f"{case.customer_id}-z"
    world.host.add_customer(twin, world.host.customers_by_id[case.customer_id].document)
    return twin


HOLDS: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        *(disputed, disputed_for_a_day, court_order, court_order_on_another_record, death_on_another_record),
        disputed_and_paid,
    )
}
