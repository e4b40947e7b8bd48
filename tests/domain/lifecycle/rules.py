"""What must hold, whatever happens: judged by what the bureau truly holds and what persons and the host truly said."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import Accepted, Done, Found, ExecutionResult, Missing, Unknown
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import Action, Desired, Negativation, Observed
from tests.domain.lifecycle.host import business_days_after, must_go, true_reason
from tests.domain.lifecycle.table import TABLE

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Change
    from credit_protection.domain.reasons import RemovalReason
    from tests.domain.lifecycle.bureau import Call
    from tests.domain.lifecycle.world import World

DOUBTS = {Action.INCLUDE: Observed.IN_DOUBT_INCLUDE, Action.REMOVE: Observed.IN_DOUBT_REMOVE}
_NEVER_CHANGES = (
    "id", "request_id", "integration_id", "creditor_id", "registry", "host", "customer_id", "subscription_id",
    "document", "invoices", "nature_code", "reference", "requested_by", "created_at",
)  # fmt: skip
_UNNAMED = {"transmission", "version"}
_NAMED = tuple(each.name for each in fields(Negativation) if each.name not in _UNNAMED)


class Broken(AssertionError):
    """A rule does not hold."""


def must(holds: object, rule: str) -> None:
    """Check one rule."""
    if not holds:
        raise Broken(rule)


@dataclass(slots=True)
class Known:
    """What persons and the host have said about one negativation, kept apart from the domain's own account.

    Args:
        invoice_ids: its invoices.
        deletion: the earliest deadline of a person's standing deletion.
        chosen: the reason that may be told for it.
        by_itself: something that no person can take back: the bureau, a guard, a late answer.
        removing: a removal was claimed: there is no way back.
        settlement: the deadline of a settlement that stands, or stood when a removal was claimed.
        acknowledged: the bureau said, in time or late, that it has the record.
        closed: it has run its course once.
        last_inclusion: when the newest inclusion was sent.
        doubtful_removal: when the newest removal was sent whose fate nobody learnt.
    """

    invoice_ids: tuple[str, ...]
    deletion: date | None = None
    chosen: RemovalReason | None = None
    by_itself: bool = False
    removing: bool = False
    settlement: date | None = None
    acknowledged: bool = False
    closed: bool = False
    last_inclusion: datetime | None = None
    doubtful_removal: datetime | None = None

    def hear(self, action: Action, answer: Answer | LookupResult) -> None:
        """The bureau says something."""
        included = action is Action.INCLUDE and isinstance(answer, Done | Accepted)
        self.acknowledged |= included or isinstance(answer, Found)
        if action is Action.REMOVE and not isinstance(answer, Unknown):
            self.doubtful_removal = None


def must_be_going(world: World, each: Negativation) -> bool:
    """Work out, from what was told, whether the record must go, and keep by when."""
    known = world.known[each.id]
    since = must_go(known.invoice_ids, world.host.told, world.profile.policy)
    if since is None:
        if not known.removing:
            known.settlement = None
        return False
    deadline = business_days_after(since, 5)
    known.settlement = min(known.settlement or deadline, deadline) if known.removing else deadline
    return True


def check_claim(
    world: World, before: Negativation, claimed: Negativation, call: Call, reason: RemovalReason | None
) -> None:
    """A worker claimed, and is about to call."""
    gateway = world.gateway
    running = [each for each in world.calls if each.negativation_id == before.id]
    must(
        all(each.at + gateway.call_deadline <= world.now for each in running),
        "rule 6: one call at a time: the lease is longer than the call",
    )
    held = claimed.transmission.claim
    assert held is not None
    must(held.until > world.now + gateway.call_deadline, "rule 6: the lease is longer than the call")
    must(claimed.transmission.fence > before.transmission.fence, "a fence is new")
    if call.action in DOUBTS:
        must(claimed.observed is DOUBTS[call.action], "rule 6: doubt is written before a byte is sent")
    if call.action is Action.INCLUDE:
        _check_inclusion(world, before, claimed)
    if call.action is Action.REMOVE:
        _check_removal(world, before, claimed, reason)


def _check_inclusion(world: World, before: Negativation, claimed: Negativation) -> None:
    known = world.known[before.id]
    must(before.desired is Desired.INCLUDED, "rule 1: nothing is included that is not wanted")
    must(known.deletion is None and not known.by_itself, "rule 1: nothing is included that was deleted")
    must(not known.closed and not known.acknowledged, "rule 1: nothing is included twice")
    must(claimed.unanswered_inclusions is not None, "rule 6: the doubt counts the request")
    fresh = world.host.invoices(known.invoice_ids)
    must(all(invoice.balance for invoice in fresh), "rule 7: nothing is included that was paid meanwhile")
    must(
        world.gateway.include_is_repeatable or not world.ledgers[before.id].could_stand,
        "rule 6: no second inclusion while the first may stand",
    )
    known.last_inclusion = world.now


def _check_removal(world: World, before: Negativation, claimed: Negativation, reason: RemovalReason | None) -> None:
    known, policy = world.known[before.id], world.profile.policy
    settled = must_go(known.invoice_ids, world.host.told, policy) is not None
    must(
        settled or known.removing or known.deletion or known.by_itself or known.settlement,
        "no unpaid, undeleted record is removed by us",
    )
    must(
        reason is true_reason(known.invoice_ids, world.host.told, policy, known.chosen),
        f"rule 10: {reason} is not the true reason",
    )
    must(claimed.unanswered_removals is not None, "rule 6: the doubt counts the request")
    before_this = known.doubtful_removal
    must(
        world.gateway.remove_is_repeatable
        or before_this is None
        or before_this + world.gateway.quiet_period <= world.now,
        "rule 6: no second removal while the first is on its way",
    )
    known.doubtful_removal = world.now
    known.removing = True


def check_not_found(
    world: World, before: Negativation, change: Change, asked_at: datetime, answer: Answer | LookupResult
) -> None:
    """The bureau said "not found": it counts only if nothing could land any more when it was asked."""
    said = isinstance(answer, Missing) or (isinstance(answer, Done) and answer.how is ExecutionResult.NOT_FOUND)
    sent = world.known[before.id].last_inclusion
    if not said or before.unanswered_inclusions is None or sent is None:
        return
    if asked_at < sent + world.gateway.quiet_period:
        work = change.negativation.transmission
        must(work.is_open, 'rule 6: a "not found" asked too early concludes nothing')
        resends = work.action is Action.INCLUDE and not world.gateway.include_is_repeatable
        must(not resends, 'rule 6: a "not found" asked too early resends nothing')


def check_change(world: World, before: Negativation, change: Change, *, resumed: bool) -> None:
    """One step from one state to the next."""
    after, known = change.negativation, world.known[before.id]
    for name in _NEVER_CHANGES:
        must(getattr(after, name) is getattr(before, name), f"rule 9: {name} never changes")
    if not change.events:
        must(
            all(getattr(after, name) == getattr(before, name) for name in _NAMED)
            and after.transmission == before.transmission,
            "rule 9: every change is named",
        )
    for each in change.events:
        must(each.negativation_id == before.id and each.at == world.now, "rule 9: an event names record and instant")
    must(
        after.transmission.fence >= before.transmission.fence
        and after.inclusion_claims >= before.inclusion_claims
        and after.removal_claims >= before.removal_claims,
        "rule 9: time only moves on",
    )
    if before.desired is Desired.REMOVED and after.desired is Desired.INCLUDED:
        must(not known.removing and not known.by_itself, "rule 4: the one way back")
        must(not known.closed, "it lives once")
    if not resumed and before.desired is after.desired:
        _check_block(before, after)


def _check_block(before: Negativation, after: Negativation) -> None:
    was, work = before.transmission, after.transmission
    if was.block is None or work.block is not None or not work.is_open:
        return
    must(was.action is not work.action, "rule 5: only a person unblocks")
    must(was.block.code != "parado_por_pessoa", 'rule 5: only a person ends "parar de tentar"')


def check_state(world: World, each: Negativation) -> None:
    """What must hold of every negativation, always."""
    work, known, ledger = each.transmission, world.known[each.id], world.ledgers[each.id]
    check_table(each, world.gateway)
    must(ledger.standing <= 1, "never two standing records under one key")
    must(not known.removing or each.desired is Desired.REMOVED, "rule 4: no way back once a removal was claimed")
    if each.is_closed:
        must(not ledger.could_stand, "closed, and the bureau holds it or will")
    elif each.desired is Desired.REMOVED:
        must(work.is_open, "rule 5: nothing leaves the queue before it is gone")
        _check_deadline(each, known)
    else:
        must(work.deadline is None, "no deadline where nothing is to be removed")


def check_table(each: Negativation, gateway: Capabilities) -> None:
    """The transmission is what the table says."""
    must((each.observed, each.desired) in TABLE, f"the table: {each.observed}, {each.desired} can't be")
    action, work = TABLE[each.observed, each.desired](gateway), each.transmission
    if work.claim is None:
        must(work.action is action, f"the table: {each.observed}, {each.desired}: {work.action}, not {action}")
        must(work.is_open == action.is_open, "rule 5: open if and only if there is an action")


def _check_deadline(each: Negativation, known: Known) -> None:
    deadline = each.transmission.deadline
    must(deadline is not None, "rule 5: the alarm stays on")
    assert deadline is not None
    for expected in (known.deletion, known.settlement):
        must(expected is None or deadline <= expected, "the earliest standing deadline rules")
    causes = {trigger.cause for trigger in each.triggers}
    if causes <= {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT} and known.settlement is not None:
        must(deadline == known.settlement, "the deadline counts from when the money is available")


def check_promise(world: World, each: Negativation) -> None:
    """Once nothing moves any more: nobody who paid is held, or a person is asked and the alarm is on."""
    work = each.transmission
    waits = work.block is not None or work.action is Action.ASK_PERSON
    must(waits or not work.is_open, f"rule 5: nothing waits for ever without a person ({work.action})")
    if must_go(world.known[each.id].invoice_ids, world.host.entries, world.profile.policy):
        must(each.desired is Desired.REMOVED or each.is_closed, "rule 4: paid means going")
    if each.desired is Desired.REMOVED:
        must(waits or not world.ledgers[each.id].could_stand, "the promise: nobody who paid stays negativated")
    check_agreement(world, each)


def check_agreement(world: World, each: Negativation) -> None:
    """What is believed is what the bureau holds."""
    ledger = world.ledgers[each.id]
    if each.is_closed:
        must(not ledger.could_stand, "believed gone, and the bureau holds it")
    elif not each.transmission.is_open:
        must(each.observed is Observed.PRESENT and ledger.standing == 1, "believed negativated, and it is not")
