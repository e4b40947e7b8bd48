"""Mutants of the rules: each is a small change to one function, as a careless author might make it.

A mutant that the model does not catch shows that the model is too weak.
"""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from credit_protection.domain import (
    negativations,
    observations,
    removal_policy,
    removals,
    requests,
    settlements,
    transmissions,
)
from credit_protection.domain.bureau_answers import Accepted, Done
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.guards import checks
from credit_protection.domain.negativations import Block, Change
from credit_protection.domain.observations import answers, late, not_understood, transitions
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, removal_deadline
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus, Reversal
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle import use_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    import pytest

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.removal_policy import RemovalTrigger
    from credit_protection.domain.settlements import Entry, Settlement


@dataclass(frozen=True)
class RuleMutant:
    """A change that breaks one rule.

    Args:
        name: what goes wrong.
        apply: installs the change.
        is_obvious: the state machine catches it within seconds; the others need more examples than a short run has.
    """

    name: str
    apply: Callable[[pytest.MonkeyPatch], None]
    is_obvious: bool


MUTANTS: list[RuleMutant] = []


def _mutant(apply: Callable[[pytest.MonkeyPatch], None]) -> None:
    MUTANTS.append(RuleMutant(apply.__name__, apply, is_obvious=False))


def _obvious_mutant(apply: Callable[[pytest.MonkeyPatch], None]) -> None:
    MUTANTS.append(RuleMutant(apply.__name__, apply, is_obvious=True))


# ------------------------------------------------------------------------------------------------ rule 1, 2, 3


@_obvious_mutant
def system_may_request(patch: pytest.MonkeyPatch) -> None:
    ask = requests.new_request

    def anyone_asks(candidate: Any, *, actor: Actor, **given: Any) -> Any:
        return ask(candidate, actor=replace(actor, is_person=True), **given)

    _replace(patch, requests.new_request, anyone_asks)


@_mutant
def any_nature_admits_any_person(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, checks.check_nature, lambda *_: None)


@_obvious_mutant
def record_is_included_again_after_removal(patch: pytest.MonkeyPatch) -> None:
    apply = removals.apply_settlement_statuses

    def revive(each: Negativation, statuses: Any, policy: Any, calendar: Any, gateway: Any, now: datetime) -> Change:
        owed = not any(status.outcome.is_settled for status in statuses.values())
        if each.observed is Observed.GONE and owed:
            again = replace(each, observed=Observed.ABSENT, triggers=())
            return Change(negativations.sync_transmission(again, gateway, now), (_event(each, now),))
        return apply(each, statuses, policy, calendar, gateway, now)

    _replace(patch, removals.apply_settlement_statuses, revive)


@_obvious_mutant
def guards_are_skipped_at_claim(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, use_cases.guard, lambda *_: None)


# ------------------------------------------------------------------------------------------------ rule 4, 7, 8


@_mutant
def partial_payment_settles(patch: pytest.MonkeyPatch) -> None:
    decide = settlements.settlement_status

    def generous(
        balance: Any, entries: Sequence[Settlement], tolerance: Any, clock: Any = None
    ) -> InvoiceSettlementStatus:
        status = decide(balance, entries, tolerance, clock)
        if status.outcome is not InvoiceOutcome.PARTLY_PAID:
            return status
        return InvoiceSettlementStatus(InvoiceOutcome.PAID, entries[0].effective_on)

    _replace(patch, settlements.settlement_status, generous)


@_mutant
def reversal_leaves_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    def in_order_of_arrival(entries: Iterable[Entry]) -> tuple[Settlement, ...]:
        in_force: dict[str, Settlement] = {}
        for entry in entries:
            if isinstance(entry, Reversal):
                in_force.pop(entry.settlement_id, None)
            else:
                in_force[entry.id] = entry
        return tuple(in_force.values())

    _replace(patch, settlements.effective_settlements, in_order_of_arrival)


@_mutant
def creation_misses_payment(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, requests.settled_findings, lambda *_: [])


@_mutant
def withdrawal_is_allowed_after_removal_claim(patch: pytest.MonkeyPatch) -> None:
    withdraw = removals.withdraw

    def lenient(each: Negativation, **given: Any) -> Change:
        change = withdraw(replace(each, removal_claims=0), **given)
        return Change(replace(change.negativation, removal_claims=each.removal_claims), change.events)

    _replace(patch, removals.withdraw, lenient)


@_mutant
def reversal_counts_after_removal_claim(patch: pytest.MonkeyPatch) -> None:
    lift = removals._withdraw_settlement_trigger

    def lenient(each: Negativation, *given: Any) -> Change:
        change = lift(replace(each, removal_claims=0), *given)
        return Change(replace(change.negativation, removal_claims=each.removal_claims), change.events)

    _replace(patch, removals._withdraw_settlement_trigger, lenient)


@_mutant
def bureau_removal_can_be_withdrawn(patch: pytest.MonkeyPatch) -> None:
    wants = transitions.with_bureau_trigger
    _replace(
        patch, transitions.with_bureau_trigger, lambda each, context: each if each.triggers else wants(each, context)
    )


@_mutant
def late_answer_removal_can_be_withdrawn(patch: pytest.MonkeyPatch) -> None:
    reopen = late._reopened
    _replace(patch, late._reopened, lambda each, context: each if each.triggers else reopen(each, context))


@_mutant
def one_settled_invoice_counts_for_all(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.settlement_trigger
    _replace(
        patch, removal_policy.settlement_trigger, lambda statuses, _, *rest: decide(statuses, RemovalPolicy(), *rest)
    )


# ------------------------------------------------------------------------------------------------ rule 5


@_mutant
def block_is_dropped_silently(patch: pytest.MonkeyPatch) -> None:
    def forget(each: Negativation) -> Negativation:
        return replace(each, transmission=replace(each.transmission, block=None))

    _replace_sync(patch, forget, lambda each: each)


@_mutant
def blocked_transmission_is_closed(patch: pytest.MonkeyPatch) -> None:
    def close(each: Negativation) -> Negativation:
        if each.transmission.block is None:
            return each
        return replace(each, transmission=replace(each.transmission, action=Action.CLOSE))

    _replace_sync(patch, lambda each: each, close)


@_mutant
def answer_restarts_stopped_transmission(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, Block.is_manual, property(lambda _: False))


@_mutant
def refused_removal_closes(patch: pytest.MonkeyPatch) -> None:
    def close(each: Negativation, code: str, message: str, context: observations.AnswerContext) -> Change:
        return transitions.transition(each, Observed.GONE, context, EventKind.REMOVED, cause=message, code=code)

    _replace(patch, transitions.removal_refused, close)


@_mutant
def absence_is_attested_too_early(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, removals.may_take_effect_until, lambda *_: None)


@_mutant
def accepted_removal_proves_the_inclusion(patch: pytest.MonkeyPatch) -> None:
    decide = answers.removal_answered

    def believing(each: Negativation, answer: Any, asked_at: datetime, context: Any) -> Change:
        if isinstance(answer, Accepted):
            each = transitions.took_effect(each, None, context)
        return decide(each, answer, asked_at, context)

    _replace(patch, answers.removal_answered, believing)


@_mutant
def stopped_transmission_loses_deadline(patch: pytest.MonkeyPatch) -> None:
    stop = transmissions.stop_trying

    def silence(*given: Any) -> Change:
        change = stop(*given)
        work = replace(change.negativation.transmission, deadline=None)
        return Change(replace(change.negativation, transmission=work), change.events)

    _replace(patch, transmissions.stop_trying, silence)


# ------------------------------------------------------------------------------------------------ rule 6


@_mutant
def removal_request_ignores_running_inclusion(patch: pytest.MonkeyPatch) -> None:
    want = removals.request_removal

    def mutated(each: Negativation, *given: Any) -> Change:
        sent = each.observed is Observed.IN_DOUBT_INCLUDE
        return want(replace(each, observed=Observed.ABSENT) if sent else each, *given)

    _replace(patch, removals.request_removal, mutated)


@_obvious_mutant
def doubt_is_written_after_call(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim

    def trusting(each: Negativation, *given: Any, **more: Any) -> Change:
        change = claim(each, *given, **more)
        return Change(replace(change.negativation, observed=each.observed), change.events)

    _replace(patch, transmissions.claim, trusting)


@_mutant
def not_found_is_trusted_at_once(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, transitions.inclusions_quiet_until, lambda _: None)


@_mutant
def not_found_counts_from_its_answer(patch: pytest.MonkeyPatch) -> None:
    missing = answers.not_found
    _replace(patch, answers.not_found, lambda each, _, context: missing(each, context.now, context))


@_mutant
def removal_is_final_despite_pending_inclusion(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, transitions.other_inclusion_pending, lambda *_: False)


@_mutant
def rejection_forgets_other_inclusion(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, transitions.one_less, lambda _: None)


@_obvious_mutant
def request_is_resent_after_lease_expiry(patch: pytest.MonkeyPatch) -> None:
    def release_only(each: Negativation, _: Capabilities, now: datetime) -> Change:
        lease = each.transmission.claim
        if lease is None or lease.until > now:
            return Change(each)
        return Change(replace(each, transmission=replace(each.transmission, claim=None)), (_event(each, now),))

    _replace(patch, transmissions.expire, release_only)


@_mutant
def stale_fence_is_accepted(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, use_cases.is_in_time, lambda work, _: work.claim is not None)


@_obvious_mutant
def lease_is_shorter_than_call(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, Capabilities.lease, property(lambda gateway: gateway.call_deadline / 2))


@_obvious_mutant
def late_answer_is_dropped(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, observations.answered_late, lambda each, *_: Change(each))


@_obvious_mutant
def late_answer_is_only_logged(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, late.resulting_doubt, lambda *_: None)


@_mutant
def late_removal_answer_counts_as_current(patch: pytest.MonkeyPatch) -> None:
    answered = answers.removal_answered

    def mutated(each: Negativation, answer: Any, _: datetime, context: observations.AnswerContext) -> Change:
        return answered(each, answer, context.now, context)

    _replace(patch, answers.removal_answered, mutated)


@_obvious_mutant
def hint_closes_without_lookup(patch: pytest.MonkeyPatch) -> None:
    says = removals.bureau_says_removed

    def believe(each: Negativation, gateway: Capabilities, **given: Any) -> Change:
        return says(each, replace(gateway, find=False), **given)

    _replace(patch, removals.bureau_says_removed, believe)


@_mutant
def removal_is_resent_while_one_is_pending(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, transitions.removals_quiet_until, lambda each, _: each.created_at)


@_mutant
def still_processing_means_done(patch: pytest.MonkeyPatch) -> None:
    answered = answers.removal_answered

    def mutated(each: Negativation, answer: Any, asked_at: datetime, context: observations.AnswerContext) -> Change:
        if getattr(answer, "still_processing", False):
            answer = Done()
        return answered(each, answer, asked_at, context)

    _replace(patch, answers.removal_answered, mutated)


@_mutant
def callback_during_call_is_lost(patch: pytest.MonkeyPatch) -> None:
    late = observations.answered_late

    def dropping(each: Negativation, action: Action, answer: Any, context: observations.AnswerContext) -> Change:
        if each.transmission.claim is None:
            return late(each, action, answer, context)
        return Change(each, (_event(each, context.now),))

    _replace(patch, observations.answered_late, dropping)


# ------------------------------------------------------------------------------------------------ rule 9, 10, deadlines


@_obvious_mutant
def each_attempt_gets_new_reference(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim

    def renamed(*given: Any, **more: Any) -> Change:
        change = claim(*given, **more)
        fence = change.negativation.transmission.fence
        return Change(replace(change.negativation, reference=f"R-{fence}"), change.events)

    _replace(patch, transmissions.claim, renamed)


@_obvious_mutant
def claim_emits_no_event(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim
    _replace(patch, transmissions.claim, lambda *given, **more: Change(claim(*given, **more).negativation))


@_mutant
def payment_is_reported_for_one_of_three(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.removal_reason

    def rounded_up(*given: Any) -> RemovalReason:
        reason = decide(*given)
        return RemovalReason.PAYMENT if reason is RemovalReason.PARTIAL_PAYMENT else reason

    _replace(patch, removal_policy.removal_reason, rounded_up)


@_obvious_mutant
def reason_is_chosen_at_click(patch: pytest.MonkeyPatch) -> None:
    def chosen(_: Any, triggers: tuple[RemovalTrigger, ...]) -> RemovalReason:
        return next((each.reason for each in triggers if each.reason), RemovalReason.CREDITOR_REQUEST)

    _replace(patch, removal_policy.removal_reason, chosen)


@_mutant
def deadline_counts_from_click(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.settlement_trigger

    def from_now(statuses: Any, policy: Any, calendar: Any, now: datetime) -> RemovalTrigger | None:
        trigger = decide(statuses, policy, calendar, now)
        if trigger is None:
            return None
        return replace(trigger, deadline=removal_deadline(RemovalCause.SETTLEMENT, now.date(), calendar))

    _replace(patch, removal_policy.settlement_trigger, from_now)


@_mutant
def second_request_postpones_deadline(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, removals._not_later, lambda trigger, _: trigger)


@_mutant
def inclusion_that_was_not_understood_is_sent_again(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, not_understood.marked_not_understood, lambda each, _: each)


@_mutant
def nobody_is_asked_about_answers_that_are_not_understood(patch: pytest.MonkeyPatch) -> None:
    _replace(patch, not_understood._counted, lambda each: each)


# ------------------------------------------------------------------------------------------------ parts


def _replace(patch: pytest.MonkeyPatch, original: object, mutated: object) -> None:
    """Bind the mutated function in every place that binds the original: named by reference, so that renames follow."""
    modules = [module for name, module in sys.modules.items() if name.startswith("credit_protection.domain.")]
    owners: tuple[object, ...] = (*modules, use_cases, Block, Capabilities)
    bindings = [(owner, name) for owner in owners for name, value in vars(owner).items() if value is original]
    assert bindings
    for owner, name in bindings:
        patch.setattr(owner, name, mutated)


def _event(each: Negativation, now: datetime) -> Event:
    return Event(EventKind.NOT_FOUND, each.id, now)


def _replace_sync(
    patch: pytest.MonkeyPatch,
    before: Callable[[Negativation], Negativation],
    after: Callable[[Negativation], Negativation],
) -> None:
    sync = negativations.sync_transmission

    def mutated_sync(each: Negativation, gateway: Capabilities, due_at: datetime) -> Negativation:
        return after(sync(before(each), gateway, due_at))

    _replace(patch, sync, mutated_sync)
