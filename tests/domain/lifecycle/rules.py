"""The rules, checked against what the model's bureau holds and what its persons and its host said."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    NotExecuted,
    NotUnderstood,
    RecordFound,
    RecordNotFound,
    Rejected,
    Unknown,
)
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import awaits_person
from tests.domain.lifecycle.host import business_days_after, must_go, true_reason
from tests.domain.lifecycle.table import TABLE

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_protection.domain.bureau_answers import Answer, LookupResult
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Change
    from credit_protection.domain.reasons import RemovalReason
    from tests.domain.lifecycle.bureau import Call
    from tests.domain.lifecycle.lifecycle_model import LifecycleModel

DOUBTS = {Action.INCLUDE: Observed.IN_DOUBT_INCLUDE, Action.REMOVE: Observed.IN_DOUBT_REMOVE}
_NEVER_CHANGES = (
    "id", "request_id", "integration_id", "creditor_id", "registry", "host", "customer_id", "subscription_id",
    "document", "invoices", "nature_code", "reference", "requested_by", "created_at",
)  # fmt: skip
_UNNAMED = {"transmission", "version"}
_NAMED = tuple(each.name for each in fields(Negativation) if each.name not in _UNNAMED)


class PropertyViolation(AssertionError):
    """A rule does not hold."""


def require(holds: object, rule: str) -> None:
    """Check one rule."""
    if not holds:
        raise PropertyViolation(rule)


@dataclass(slots=True)
class ModelState:
    """What persons and the host have said about one negativation, kept apart from the domain's own account.

    Args:
        invoice_ids: its invoices.
        deletion_deadline: the earliest deadline of a person's deletion that is in force.
        chosen_reason: the reason that may be reported for it.
        is_irrevocable: the bureau, a guard or a late answer requested the removal: no person can withdraw it.
        removal_claimed: a removal was claimed: there is no way back.
        settlement_deadline: of a settlement that is in force, or was when a removal was claimed.
        acknowledged: the bureau said, in time or late, that it has the record.
        closed: it was closed at least once.
        last_inclusion_at: when the newest inclusion was sent.
        unanswered_removal_at: when the newest removal without a known outcome was sent.
        inclusion_garbled: an inclusion's answer was not understood, and no person has resumed since.
        removals_garbled: answers to removals that were not understood since one was, or a person resumed.
    """

    invoice_ids: tuple[str, ...]
    deletion_deadline: date | None = None
    chosen_reason: RemovalReason | None = None
    is_irrevocable: bool = False
    removal_claimed: bool = False
    settlement_deadline: date | None = None
    acknowledged: bool = False
    closed: bool = False
    last_inclusion_at: datetime | None = None
    unanswered_removal_at: datetime | None = None
    inclusion_garbled: bool = False
    removals_garbled: int = 0

    def record_answer(self, action: Action, answer: Answer | LookupResult) -> None:
        """Note what an answer of the bureau shows."""
        included = action is Action.INCLUDE and isinstance(answer, Done | Accepted)
        self.acknowledged |= included or isinstance(answer, RecordFound)
        if action is Action.REMOVE and not isinstance(answer, Unknown | NotUnderstood):
            self.unanswered_removal_at = None
        self.inclusion_garbled |= action is Action.INCLUDE and isinstance(answer, NotUnderstood)


def update_settlement_deadline(model: LifecycleModel, each: Negativation) -> bool:
    """Compute, from the reported entries, whether the record must be removed, and store the deadline."""
    known = model.known[each.id]
    since = must_go(known.invoice_ids, model.host.reported_entries, model.profile.policy)
    if since is None:
        if not known.removal_claimed:
            known.settlement_deadline = None
        return False
    deadline = business_days_after(since, 5)
    known.settlement_deadline = (
        min(known.settlement_deadline or deadline, deadline) if known.removal_claimed else deadline
    )
    return True


def check_removal_not_understood(
    model: LifecycleModel, before: Negativation, after: Negativation, action: Action, answer: object
) -> None:
    """Check that a person is asked after three such answers, and that the attempts go on."""
    known, work = model.known[before.id], after.transmission
    if action is not Action.REMOVE:
        return
    if not isinstance(answer, NotUnderstood):
        is_understood = isinstance(answer, Done | Accepted | Rejected) or (
            isinstance(answer, NotExecuted) and answer.still_processing
        )
        known.removals_garbled = 0 if is_understood else known.removals_garbled
        return
    if before.observed is not Observed.IN_DOUBT_REMOVE:
        return  # a callback was quicker
    known.removals_garbled += 1
    require(work.is_open and work.block in {None, before.transmission.block}, "no answer stops a removal")
    require(work.due_at <= model.now + timedelta(hours=1), "a removal is attempted once an hour at least")
    require(known.removals_garbled < 3 or awaits_person(after), "a person is asked after three answers")


def check_claim(
    model: LifecycleModel, before: Negativation, claimed: Negativation, call: Call, reason: RemovalReason | None
) -> None:
    """Check a claim before the worker's call."""
    gateway = model.gateway
    running = [each for each in model.calls if each.negativation_id == before.id]
    require(
        all(each.at + gateway.call_deadline <= model.now for each in running),
        "rule 6: one call at a time: the lease is longer than the call",
    )
    lease = claimed.transmission.claim
    assert lease is not None
    require(lease.until > model.now + gateway.call_deadline, "rule 6: the lease is longer than the call")
    require(claimed.transmission.fence > before.transmission.fence, "a fence is new")
    if call.action in DOUBTS:
        require(claimed.observed is DOUBTS[call.action], "rule 6: doubt is written before a byte is sent")
    if call.action is Action.INCLUDE:
        _check_inclusion(model, before, claimed)
    if call.action is Action.REMOVE:
        _check_removal(model, before, claimed, reason)


def _check_inclusion(model: LifecycleModel, before: Negativation, claimed: Negativation) -> None:
    known = model.known[before.id]
    require(before.desired is Desired.INCLUDED, "rule 1: nothing unwanted is included")
    require(
        known.deletion_deadline is None and not known.is_irrevocable, "rule 1: nothing is included that was deleted"
    )
    require(not known.closed and not known.acknowledged, "rule 1: nothing is included twice")
    require(not known.inclusion_garbled, "what was answered and not understood is sent again by a person only")
    require(claimed.unanswered_inclusions is not None, "rule 6: the doubt counts the request")
    fresh = model.host.invoices(known.invoice_ids)
    require(all(invoice.balance for invoice in fresh), "rule 7: no paid invoice is included")
    require(
        model.gateway.include_is_repeatable or not model.ledgers[before.id].may_become_active,
        "rule 6: no second inclusion while the first may be active",
    )
    known.last_inclusion_at = model.now


def _check_removal(
    model: LifecycleModel, before: Negativation, claimed: Negativation, reason: RemovalReason | None
) -> None:
    known, policy = model.known[before.id], model.profile.policy
    settled = must_go(known.invoice_ids, model.host.reported_entries, policy) is not None
    require(
        settled
        or known.removal_claimed
        or known.deletion_deadline
        or known.is_irrevocable
        or known.settlement_deadline,
        "no unpaid, undeleted record is removed by us",
    )
    require(
        reason is true_reason(known.invoice_ids, model.host.reported_entries, policy, known.chosen_reason),
        f"rule 10: {reason} is not the true reason",
    )
    require(claimed.unanswered_removals is not None, "rule 6: the doubt counts the request")
    before_this = known.unanswered_removal_at
    require(
        model.gateway.remove_is_repeatable
        or before_this is None
        or before_this + model.gateway.quiet_period <= model.now,
        "rule 6: no second removal while the first is pending",
    )
    known.unanswered_removal_at = model.now
    known.removal_claimed = True


def check_not_found(
    model: LifecycleModel, before: Negativation, change: Change, asked_at: datetime, answer: Answer | LookupResult
) -> None:
    """Check a "not found": it counts only if no request could take effect after the look-up was sent."""
    said = isinstance(answer, RecordNotFound) or (
        isinstance(answer, Done) and answer.result is ExecutionResult.NOT_FOUND
    )
    sent = model.known[before.id].last_inclusion_at
    if not said or before.unanswered_inclusions is None or sent is None:
        return
    if asked_at < sent + model.gateway.quiet_period:
        work = change.negativation.transmission
        require(work.is_open, 'rule 6: a "not found" asked too early concludes nothing')
        resends = work.action is Action.INCLUDE and not model.gateway.include_is_repeatable
        require(not resends, 'rule 6: a "not found" asked too early resends nothing')


def check_change(model: LifecycleModel, before: Negativation, change: Change, *, resumed: bool) -> None:
    """Check one step from one state to the next."""
    after, known = change.negativation, model.known[before.id]
    for name in _NEVER_CHANGES:
        require(getattr(after, name) is getattr(before, name), f"rule 9: {name} never changes")
    if not change.events:
        require(
            all(getattr(after, name) == getattr(before, name) for name in _NAMED)
            and after.transmission == before.transmission,
            "rule 9: every change is named",
        )
    for each in change.events:
        require(each.negativation_id == before.id and each.at == model.now, "rule 9: an event names record and instant")
    require(
        after.transmission.fence >= before.transmission.fence
        and after.inclusion_claims >= before.inclusion_claims
        and after.removal_claims >= before.removal_claims,
        "rule 9: counters only grow",
    )
    if before.desired is Desired.REMOVED and after.desired is Desired.INCLUDED:
        require(not known.removal_claimed and not known.is_irrevocable, "rule 4: the one way back")
        require(not known.closed, "a closed negativation never comes back")
    if not resumed and before.desired is after.desired:
        _check_block(before, after)


def _check_block(before: Negativation, after: Negativation) -> None:
    was, work = before.transmission, after.transmission
    if was.block is None or work.block is not None or not work.is_open:
        return
    require(was.action is not work.action, "rule 5: only a person unblocks")
    require(was.block.code != "parado_por_pessoa", 'rule 5: only a person ends "parar de tentar"')


def check_state(model: LifecycleModel, each: Negativation) -> None:
    """Check what holds for every negativation at every moment."""
    work, known, ledger = each.transmission, model.known[each.id], model.ledgers[each.id]
    check_table(each, model.gateway)
    require(ledger.active_records <= 1, "never two active records under one key")
    require(
        not known.removal_claimed or each.desired is Desired.REMOVED, "rule 4: no way back once a removal was claimed"
    )
    if each.is_closed:
        require(not ledger.may_become_active, "closed, and the bureau holds the record or will")
    elif each.desired is Desired.REMOVED:
        require(work.is_open, "rule 5: nothing leaves the queue before its removal")
        _check_deadline(each, known)
    else:
        require(work.deadline is None, "no deadline where nothing is to be removed")


def check_table(each: Negativation, gateway: Capabilities) -> None:
    """Check the transmission against the table."""
    require((each.observed, each.desired) in TABLE, f"the table: {each.observed}, {each.desired} can't be")
    action, work = TABLE[each.observed, each.desired](gateway), each.transmission
    if action is Action.INCLUDE and each.inclusion_not_understood:
        action = Action.ASK_PERSON
    if action is Action.REMOVE and each.is_unconfirmed and gateway.find:
        action = Action.LOOK_UP  # a removal by id must remove the right record
    if work.claim is None:
        require(work.action is action, f"the table: {each.observed}, {each.desired}: {work.action}, not {action}")
        require(work.is_open == action.is_open, "rule 5: open if and only if there is an action")


def _check_deadline(each: Negativation, known: ModelState) -> None:
    deadline = each.transmission.deadline
    require(deadline is not None, "rule 5: the alarm stays on")
    assert deadline is not None
    for expected in (known.deletion_deadline, known.settlement_deadline):
        require(expected is None or deadline <= expected, "the earliest deadline in force applies")
    causes = {trigger.cause for trigger in each.triggers}
    if causes <= {RemovalCause.SETTLEMENT, RemovalCause.AGREEMENT} and known.settlement_deadline is not None:
        require(deadline == known.settlement_deadline, "the deadline counts from when the money is available")


def check_promise(model: LifecycleModel, each: Negativation) -> None:
    """Check the final state: no paid record is active, or a person is asked and the alarm is on."""
    work = each.transmission
    waits = work.block is not None or work.action is Action.ASK_PERSON
    require(waits or not work.is_open, f"rule 5: nothing waits for ever without a person ({work.action})")
    if must_go(model.known[each.id].invoice_ids, model.host.entries, model.profile.policy):
        require(each.desired is Desired.REMOVED or each.is_closed, "rule 4: a paid record must be removed")
    if each.desired is Desired.REMOVED:
        require(
            waits or not model.ledgers[each.id].may_become_active, "the promise: no paid customer stays negativated"
        )
    check_agreement(model, each)


def check_agreement(model: LifecycleModel, each: Negativation) -> None:
    """Check the observed state against what the bureau holds."""
    ledger = model.ledgers[each.id]
    if each.is_closed:
        require(not ledger.may_become_active, "observed as gone, and the bureau holds it")
    elif not each.transmission.is_open:
        require(
            each.observed is Observed.PRESENT and ledger.active_records == 1, "observed as negativated, and it is not"
        )
