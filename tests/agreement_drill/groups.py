"""What happens to a group that goes only when each of its invoices is over. Each kind is one function."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.money import ZERO
from tests.agreement_drill.expected import KEPT, REMOVED, ends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.agreement_drill.expected import Change, Expected
    from tests.agreement_drill.world import Case, World

_MONTHS = timedelta(days=90)


def one_of_the_group_paid(world: World, case: Case) -> Expected:
    """The other one is still owed."""
    world.pay(case)
    return ends(KEPT)


def the_whole_group_paid(world: World, case: Case) -> Expected:
    """One by one."""
    world.pay(case)
    world.later.append(lambda _: world.report(world.host.pay(case.invoice_ids[1], paid_on=world.today)))
    return ends(REMOVED)


def the_whole_group_cancelled(world: World, case: Case) -> Expected:
    """Without an event."""
    for each in case.invoice_ids:
        invoice = replace(world.host.invoice(each), status=InvoiceStatus.CANCELLED, balance=ZERO)
        world.host.write(each, invoice, owed=False)
    return ends(REMOVED, turns_by_reading=True)


def one_of_the_group_postponed(world: World, case: Case) -> Expected:
    """The policy removes only where the other one is over too."""
    _postpone(world, case, case.invoice_ids[0])
    return ends(DivergenceCode.POSTPONED)


def one_paid_and_one_postponed(world: World, case: Case) -> Expected:
    """Nothing of it is due any more."""
    world.pay(case)
    _postpone(world, case, case.invoice_ids[1])
    return ends(REMOVED, passing=(DivergenceCode.POSTPONED,), turns_by_reading=True)


def one_paid_and_one_deleted(world: World, case: Case) -> Expected:
    """What is gone is no reason to remove, but a person's."""
    world.pay(case)
    world.host.write(case.invoice_ids[1], None, owed=True)
    return ends(DivergenceCode.NOT_READ)


def _postpone(world: World, case: Case, invoice_id: str) -> None:
    invoice, due = world.host.invoice(invoice_id), world.today + _MONTHS
    original = due if case.gives_original else None
    world.host.write(invoice_id, replace(invoice, due_date=due, original_due_date=original), owed=False)


GROUPS: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        *(one_of_the_group_paid, the_whole_group_paid, the_whole_group_cancelled, one_of_the_group_postponed),
        *(one_paid_and_one_postponed, one_paid_and_one_deleted),
    )
}
