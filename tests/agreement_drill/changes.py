"""What happens in the ERP to one negativated debt. Each kind is one function; its name is the kind's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.money import ZERO, Money
from tests.agreement_drill.expected import KEPT, REMOVED, ends
from tests.agreement_drill.host import OTHER_CREDITOR
from tests.drill.plan import cpf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.agreement_drill.expected import Change, Expected
    from tests.agreement_drill.world import Case, World

_MONTHS = timedelta(days=90)
_FOUR_MINUTES = timedelta(minutes=4)
_WITHIN_TOLERANCE = Money(50)
_STRANGERS = 40_000_000


# ------------------------------------------------------------------------------------------------ it is settled


def paid(world: World, case: Case) -> Expected:
    """The ERP reports the payment."""
    world.pay(case)
    return ends(REMOVED)


def paid_and_listed_only(world: World, case: Case) -> Expected:
    """No event; the list of settlements has it."""
    world.host.pay(case.invoice_id, paid_on=world.today)
    return ends(REMOVED)


def paid_by_back_dated_return(world: World, case: Case) -> Expected:
    """No event, and a date that is no longer polled."""
    paid_on = world.today - timedelta(days=12)
    world.host.pay(case.invoice_id, paid_on=paid_on, is_listed=False)
    return ends(REMOVED, turns_by_reading=True)


def cancelled(world: World, case: Case) -> Expected:
    """The invoice is cancelled, without an event."""
    _settle(world, case, InvoiceStatus.CANCELLED)
    return ends(REMOVED, turns_by_reading=True)


def credited(world: World, case: Case) -> Expected:
    """A credit note clears it, without an event."""
    _settle(world, case, InvoiceStatus.CREDITED)
    return ends(REMOVED, turns_by_reading=True)


def agreed(world: World, case: Case) -> Expected:
    """A payment agreement is made; the ERP's hook can only ask for a recheck."""
    _settle(world, case, InvoiceStatus.IN_AGREEMENT)
    world.recheck(case.invoice_id)
    return ends(REMOVED, turns_by_reading=True)


def agreed_and_broken(world: World, case: Case) -> Expected:
    """The agreement is broken before long: what was removed by then stays removed."""
    _settle(world, case, InvoiceStatus.IN_AGREEMENT)
    world.recheck(case.invoice_id)
    world.later.append(lambda _: world.host.reopen(case.invoice_id))
    return ends(REMOVED, KEPT, turns_by_reading=True)


def discounted_to_a_rest(world: World, case: Case) -> Expected:
    """What is left is within the tolerance; no payment stands."""
    invoice = world.host.invoice(case.invoice_id)
    world.host.write(case.invoice_id, replace(invoice, balance=_WITHIN_TOLERANCE), owed=False)
    return ends(REMOVED, turns_by_reading=True)


def paid_but_for_a_rest(world: World, case: Case) -> Expected:
    """The payment that is reported leaves a rest within the tolerance."""
    world.pay(case, world.host.invoice(case.invoice_id).balance - _WITHIN_TOLERANCE)
    world.host.write(case.invoice_id, world.host.invoice(case.invoice_id), owed=False)
    return ends(REMOVED)


def lowered_and_then_paid(world: World, case: Case) -> Expected:
    """The invoice is reduced, and the reduced amount is paid: less than our frozen principal."""
    _lower(world, case)
    world.later.append(lambda _: _pay_open(world, case))
    return ends(REMOVED, passing=(DivergenceCode.LOWER_AMOUNT,), turns_by_reading=True)


def paid_twice_and_reversed_once(world: World, case: Case) -> Expected:
    """Two payments of one debt, of which one bounces: it stays paid."""
    first = world.pay(case)
    second = replace(first, id=f"{first.id}-again")
    world.report(second)
    world.host.listed[second.id] = second
    reversal = world.host.reverse(first, world.today)
    invoice = world.host.invoice(case.invoice_id)
    settled = replace(invoice, balance=ZERO, status=InvoiceStatus.PAID, paid_on=world.today)
    world.host.write(case.invoice_id, settled, owed=False)
    world.report(reversal)
    return ends(REMOVED)


# ------------------------------------------------------------------------------------------------ it is undone


def reversed_before_anything_was_sent(world: World, case: Case) -> Expected:
    """The payment was applied; its reversal is committed before a worker claims the removal."""
    settlement = world.pay(case)
    world.late.append(lambda _: world.report(world.host.reverse(settlement, world.today)))
    return ends(KEPT)


def bounced_while_the_reader_lags(world: World, case: Case) -> Expected:
    """Paid and reversed within four minutes; the replica that is asked then still shows the payment."""
    settlement = world.pay(case)
    world.clock.advance(_FOUR_MINUTES)
    world.report(world.host.reverse(settlement, world.today))
    world.recheck(case.invoice_id)
    return ends(KEPT)


def reversed_later(world: World, case: Case) -> Expected:
    """The reversal is reported; what was removed by then stays removed."""
    settlement = world.pay(case)
    world.later.append(lambda _: world.report(world.host.reverse(settlement, world.today)))
    return ends(REMOVED, KEPT)


def reversed_without_an_event(world: World, case: Case) -> Expected:
    """The ERP shows the invoice open beside its own settlement, which stands."""
    world.pay(case)
    world.later.append(lambda _: world.host.reopen(case.invoice_id))
    return ends(REMOVED, DivergenceCode.UNCONFIRMED_SETTLEMENT, passing=(DivergenceCode.UNCONFIRMED_SETTLEMENT,))


def payment_row_deleted(world: World, case: Case) -> Expected:
    """Somebody deletes the payment's row in the ERP: it is listed no more, and the invoice is open."""
    settlement = world.pay(case)

    def delete(_: World) -> None:
        del world.host.listed[settlement.id]
        world.host.reopen(case.invoice_id)

    world.later.append(delete)
    return ends(REMOVED, DivergenceCode.UNCONFIRMED_SETTLEMENT, passing=(DivergenceCode.UNCONFIRMED_SETTLEMENT,))


# ------------------------------------------------------------------------------------------------ the debt changes


def lowered(world: World, case: Case) -> Expected:
    """The invoice is reduced: the bureau shows more than is owed."""
    _lower(world, case)
    return ends(DivergenceCode.LOWER_AMOUNT)


def partly_paid_and_lowered(world: World, case: Case) -> Expected:
    """A part is paid and reported, then the rest is reduced."""
    world.pay(case, Money(30_00))
    world.later.append(lambda _: _lower(world, case))
    return ends(DivergenceCode.LOWER_AMOUNT)


def raised(world: World, case: Case) -> Expected:
    """Interest is posted to it: the bureau shows less than is owed, which harms nobody."""
    invoice = world.host.invoice(case.invoice_id)
    more = invoice.amount + Money(7_50)
    world.host.write(case.invoice_id, replace(invoice, amount=more, balance=more), owed=True)
    return ends(KEPT)


def postponed(world: World, case: Case) -> Expected:
    """The due date moves into the future, and the original one with it where the ERP keeps it."""
    invoice, due = world.host.invoice(case.invoice_id), world.today + _MONTHS
    original = due if case.gives_original else None
    world.host.write(case.invoice_id, replace(invoice, due_date=due, original_due_date=original), owed=False)
    return ends(REMOVED, passing=(DivergenceCode.POSTPONED,), turns_by_reading=True)


def second_copy(world: World, case: Case) -> Expected:
    """A new slip with a new date; the original due date stands in the past, where the ERP keeps it."""
    invoice, due = world.host.invoice(case.invoice_id), world.today + _MONTHS
    world.host.write(case.invoice_id, replace(invoice, due_date=due), owed=True)
    world.recheck(case.invoice_id)
    if case.gives_original:
        return ends(DivergenceCode.SECOND_COPY)
    world.later.append(lambda _: world.host.write(case.invoice_id, invoice, owed=True))
    return ends(KEPT)


def second_copy_dropped(world: World, case: Case) -> Expected:
    """The ERP keeps no original due date, and the new slip is dropped within hours."""
    return second_copy(world, case)


def deleted(world: World, case: Case) -> Expected:
    """The ERP's row is gone."""
    world.host.write(case.invoice_id, None, owed=True)
    return ends(DivergenceCode.NOT_READ)


def renumbered(world: World, case: Case) -> Expected:
    """The ERP's row gets another id; a person matches it a day later, or later still."""
    _renumber(world, case)
    return ends(KEPT, passing=(DivergenceCode.NOT_READ,))


def renumbered_and_paid(world: World, case: Case) -> Expected:
    """A payment is still reported under the old id once a person matched the two: by the host, so no brake holds it."""
    old_id = case.invoice_id

    def pay() -> None:
        paid = world.host.pay(case.invoice_id, paid_on=world.today, is_listed=False)
        world.report(replace(paid, invoice_id=old_id))

    _renumber(world, case, pay)
    return ends(REMOVED, passing=(DivergenceCode.NOT_READ,))


def written_off(world: World, case: Case) -> Expected:
    """Taken off the books as a loss: no settlement."""
    _settle(world, case, InvoiceStatus.WRITTEN_OFF, owed=True)
    return ends(DivergenceCode.WRITTEN_OFF)


def balance_lost(world: World, case: Case) -> Expected:
    """Open, with a balance of zero and no settlement."""
    invoice = world.host.invoice(case.invoice_id)
    world.host.write(case.invoice_id, replace(invoice, balance=ZERO), owed=True)
    return ends(DivergenceCode.ZERO_BALANCE, DivergenceCode.LOWER_AMOUNT)


# ------------------------------------------------------------------------------------------------ whose debt it is


def moved_to_another_person(world: World, case: Case) -> Expected:
    """The invoice belongs to another customer, with another document."""
    stranger = f"{case.customer_id}-x"
    world.host.add_customer(stranger, cpf(_STRANGERS + len(world.host.customers_by_id)))
    _move(world, case, stranger)
    return ends(DivergenceCode.OTHER_DEBTOR)


def customers_merged(world: World, case: Case) -> Expected:
    """The invoice belongs to another customer record of the same person: it is followed."""
    twin = f"{case.customer_id}-y"
    world.host.add_customer(twin, world.host.customers_by_id[case.customer_id].document)
    _move(world, case, twin)
    return ends(KEPT)


def customers_merged_and_paid(world: World, case: Case) -> Expected:
    """After the merger it is paid."""
    customers_merged(world, case)
    world.later.append(lambda _: _pay_open(world, case))
    return ends(REMOVED)


def moved_to_another_creditor(world: World, case: Case) -> Expected:
    """The invoice is owed to another company of the group."""
    for invoice_id in case.invoice_ids:
        invoice = world.host.invoice(invoice_id)
        world.host.write(invoice_id, replace(invoice, creditor_id=OTHER_CREDITOR.id), owed=True)
    return ends(DivergenceCode.OTHER_CREDITOR)


def _renumber(world: World, case: Case, then: Callable[[], None] = lambda: None) -> None:
    old_id = case.invoice_id
    new_id = f"{old_id}-new"
    world.host.renumber(old_id, new_id)

    def match(_: World) -> None:
        if world.relink(case, new_id):
            then()
        else:
            world.later.append(match)

    def wait(_: World) -> None:
        world.later.append(match)

    world.later.append(wait)


def _settle(world: World, case: Case, status: InvoiceStatus, *, owed: bool = False) -> None:
    invoice = world.host.invoice(case.invoice_id)
    balance = invoice.balance if owed else ZERO
    world.host.write(case.invoice_id, replace(invoice, status=status, balance=balance), owed=owed)


def _lower(world: World, case: Case) -> None:
    invoice = world.host.invoice(case.invoice_id)
    balance = Money(invoice.balance.cents // 2)
    amount = invoice.amount - (invoice.balance - balance)
    world.host.write(case.invoice_id, replace(invoice, amount=amount, balance=balance), owed=True)


def _pay_open(world: World, case: Case) -> None:
    world.pay(case)


def _move(world: World, case: Case, customer_id: str) -> None:
    for invoice_id in case.invoice_ids:
        invoice = world.host.invoice(invoice_id)
        world.host.write(invoice_id, replace(invoice, customer_id=customer_id), owed=True)


CHANGES: Mapping[str, Change] = {
    change.__name__: change
    for change in (
        *(paid, paid_and_listed_only, paid_by_back_dated_return, cancelled, credited, agreed, agreed_and_broken),
        *(discounted_to_a_rest, paid_but_for_a_rest, lowered_and_then_paid, paid_twice_and_reversed_once),
        *(reversed_before_anything_was_sent, bounced_while_the_reader_lags, reversed_later),
        *(reversed_without_an_event, payment_row_deleted, lowered, partly_paid_and_lowered, raised, postponed),
        *(
            second_copy,
            second_copy_dropped,
            deleted,
            renumbered,
            renumbered_and_paid,
            written_off,
            balance_lost,
            moved_to_another_person,
            customers_merged,
        ),
        *(customers_merged_and_paid, moved_to_another_creditor),
    )
}
GIVES_ORIGINAL: Mapping[str, bool] = {"second_copy": True, "second_copy_dropped": False}
"""Kinds that need an invoice whose original due date the ERP keeps, or does not keep."""
