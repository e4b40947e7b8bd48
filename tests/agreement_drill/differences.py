"""What happens at the bureau to one record. Each kind is one function; its name is the kind's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection.domain.divergences import DivergenceCode
from tests.agreement_drill.expected import KEPT, REMOVED, ends
from tests.drill.plan import cpf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.agreement_drill.expected import Change, Expected
    from tests.agreement_drill.world import Case, World

_STRANGERS = 45_000_000


def _id(world: World, case: Case) -> str:
    bureau_id = world.get(case).bureau_id
    if bureau_id is None:  # adopted from a file
        (bureau_id,) = (each.id for each in world.bureau.standing() if each.debt.contrato == case.reference)
    return bureau_id


def record_deleted(world: World, case: Case) -> Expected:
    """The record is gone without a trace."""
    world.bureau.forget(_id(world, case))
    return ends(DivergenceCode.NOT_THERE)


def withdrawn_by_the_bureau(world: World, case: Case) -> Expected:
    """The bureau removed it itself, and shows so."""
    world.bureau.remove_at_bureau(_id(world, case))
    return ends(DivergenceCode.NOT_THERE)


def record_deleted_and_debt_paid(world: World, case: Case) -> Expected:
    """The removal finds nothing; a notice says so, unless an earlier removal was unanswered and may have done it."""
    world.bureau.forget(_id(world, case))
    world.pay(case)
    return ends(DivergenceCode.UNPROVEN_EXIT, REMOVED)


def shown_after_its_removal(world: World, case: Case) -> Expected:
    """A paid record is on file again, under its id."""
    record_id = _id(world, case)
    world.pay(case)
    _once_removed(world, case, lambda: world.bureau.show_again(record_id))
    return ends(REMOVED, passing=(DivergenceCode.AFTER_REMOVAL,))


def added_again_after_its_removal(world: World, case: Case) -> Expected:
    """A paid record is on file again, under another id."""
    record_id = _id(world, case)
    world.pay(case)
    _once_removed(world, case, lambda: world.bureau.copy(record_id))
    return ends(REMOVED, passing=(DivergenceCode.AFTER_REMOVAL,))


def amount_raised(world: World, case: Case) -> Expected:
    """It shows more than was reported."""
    world.bureau.edit(_id(world, case), valor="999.90")
    return ends(DivergenceCode.LOWER_AMOUNT)


def amount_lowered(world: World, case: Case) -> Expected:
    """It shows less than was reported."""
    world.bureau.edit(_id(world, case), valor="0.10")
    return ends(DivergenceCode.DIFFERS)


def due_date_changed(world: World, case: Case) -> Expected:
    """It shows another due date."""
    world.bureau.edit(_id(world, case), vencimento="2026-01-02")
    return ends(DivergenceCode.DIFFERS)


def duplicated(world: World, case: Case) -> Expected:
    """Our key stands twice."""
    world.bureau.copy(_id(world, case))
    return ends(DivergenceCode.DUPLICATE)


def renamed(world: World, case: Case) -> Expected:
    """Our key stands under another id only."""
    record_id = _id(world, case)
    world.bureau.copy(record_id)
    world.bureau.forget(record_id)
    return ends(DivergenceCode.OTHERS_RECORD)


def id_of_another_person(world: World, case: Case) -> Expected:
    """Our id shows another person's record."""
    number = _STRANGERS + len(world.bureau.standing())
    world.bureau.edit(_id(world, case), documento=cpf(number), contrato=f"Z{number}", vencimento="2026-02-03")
    return ends(DivergenceCode.OTHERS_RECORD)


def unknown_record_beside_it(world: World, case: Case) -> Expected:
    """The same person has a record that nobody here knows."""
    copied = world.bureau.copy(_id(world, case), contrato=f"U-{case.reference}", vencimento="2026-03-04")
    world.unknown_records.append(copied)
    return ends(KEPT)


DIFFERENCES: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        *(record_deleted, withdrawn_by_the_bureau, record_deleted_and_debt_paid, shown_after_its_removal),
        *(added_again_after_its_removal, amount_raised, amount_lowered, due_date_changed, duplicated, renamed),
        *(id_of_another_person, unknown_record_beside_it),
    )
}
"""Of records that this software included."""


def contract_spoiled(world: World, case: Case) -> Expected:
    """The file from which it was adopted lost the leading zeros of its contract."""
    record_id = _id(world, case)
    case.contract_shown = f"000{case.reference}"
    world.bureau.edit(record_id, contrato=case.contract_shown)
    return ends(DivergenceCode.NOT_FOUND)


def contract_spoiled_and_debt_paid(world: World, case: Case) -> Expected:
    """The removal of the payment does not find it, though it stands."""
    contract_spoiled(world, case)
    world.pay(case)
    return ends(DivergenceCode.NOT_FOUND)


def known_by_a_file_alone(world: World, case: Case) -> Expected:
    """Nothing happens: the first list confirms it."""
    del world, case
    return ends(KEPT)


def known_by_a_file_alone_and_deleted(world: World, case: Case) -> Expected:
    """It is not on file at all."""
    world.bureau.forget(_id(world, case))
    return ends(DivergenceCode.NOT_FOUND)


def known_by_a_file_alone_and_paid(world: World, case: Case) -> Expected:
    """A payment removes it as any other."""
    world.pay(case)
    return ends(REMOVED)


UNCONFIRMED: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        contract_spoiled,
        contract_spoiled_and_debt_paid,
        known_by_a_file_alone,
        known_by_a_file_alone_and_deleted,
        known_by_a_file_alone_and_paid,
    )
}
"""Of records that only a file told: they happen before the first reading of the bureau's side."""


def _once_removed(world: World, case: Case, act: Callable[[], object]) -> None:
    """Act in the first round in which the record was removed."""

    def look(_: World) -> None:
        if world.get(case).is_closed:
            act()
        else:
            world.later.append(look)

    world.later.append(look)
