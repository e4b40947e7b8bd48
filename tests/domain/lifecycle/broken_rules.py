"""Rules broken on purpose: each a small change to one function, of the kind that a hurried hand would make.

If the machine lets one of these pass, the machine is too weak.
"""

# ruff: noqa: ANN401 - a patch passes on whatever it is given
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from credit_protection.domain import (
    guards,
    negativations,
    observations,
    removal_policy,
    removals,
    requests,
    settlements,
    transmissions,
)
from credit_protection.domain.bureau_answers import Done
from credit_protection.domain.capabilities import Capabilities
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.legal_calendar import RemovalCause, removal_deadline
from credit_protection.domain.negativations import Action, Block, Change, Observed
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceStanding, Reversal
from tests.domain.lifecycle import desk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    import pytest

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.removal_policy import RemovalTrigger
    from credit_protection.domain.settlements import Entry, Settlement


@dataclass(frozen=True)
class BrokenRule:
    """A rule, and the change that breaks it."""

    name: str
    break_it: Callable[[pytest.MonkeyPatch], None]


CATALOGUE: list[BrokenRule] = []


def _broken(break_it: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
    CATALOGUE.append(BrokenRule(break_it.__name__, break_it))
    return break_it


# ------------------------------------------------------------------------------------------------ rule 1, 2, 3


@_broken
def the_system_may_ask(patch: pytest.MonkeyPatch) -> None:
    ask = requests.ask

    def anyone_asks(candidate: Any, *, actor: Actor, **given: Any) -> Any:
        return ask(candidate, actor=replace(actor, is_person=True), **given)

    patch.setattr(requests, "ask", anyone_asks)


@_broken
def a_nature_for_any_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(guards, "_nature", lambda *_: None)


@_broken
def included_again_after_it_was_gone(patch: pytest.MonkeyPatch) -> None:
    apply = removals.apply_standings

    def revive(each: Negativation, standings: Any, policy: Any, calendar: Any, gateway: Any, now: datetime) -> Change:
        owed = not any(standing.outcome.is_settled for standing in standings.values())
        if each.observed is Observed.GONE and owed:
            again = replace(each, observed=Observed.ABSENT, triggers=())
            return Change(negativations.sync_transmission(again, gateway, now), (_event(each, now),))
        return apply(each, standings, policy, calendar, gateway, now)

    patch.setattr(removals, "apply_standings", revive)


@_broken
def guards_run_only_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk, "guard", lambda *_: None)


# ------------------------------------------------------------------------------------------------ rule 4, 7, 8


@_broken
def a_partial_payment_settles(patch: pytest.MonkeyPatch) -> None:
    judge = settlements.invoice_standing

    def generous(balance: Any, entries: Any, tolerance: Any) -> InvoiceStanding:
        standing = judge(balance, entries, tolerance)
        if standing.outcome is not InvoiceOutcome.PARTLY_PAID:
            return standing
        return InvoiceStanding(InvoiceOutcome.PAID, entries[0].counts_from)

    patch.setattr(settlements, "invoice_standing", generous)


@_broken
def a_reversal_leaves_no_tombstone(patch: pytest.MonkeyPatch) -> None:
    def in_order_of_arrival(entries: Iterable[Entry]) -> tuple[Settlement, ...]:
        standing: dict[str, Settlement] = {}
        for entry in entries:
            if isinstance(entry, Reversal):
                standing.pop(entry.settlement_id, None)
            else:
                standing[entry.id] = entry
        return tuple(standing.values())

    patch.setattr(settlements, "standing", in_order_of_arrival)


@_broken
def creation_misses_a_payment(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk, "is_settled", lambda *_: False)


@_broken
def withdrawn_after_a_removal_was_claimed(patch: pytest.MonkeyPatch) -> None:
    withdraw = removals.withdraw

    def lenient(each: Negativation, **given: Any) -> Change:
        change = withdraw(replace(each, removal_claims=0), **given)
        return Change(replace(change.negativation, removal_claims=each.removal_claims), change.events)

    patch.setattr(removals, "withdraw", lenient)


@_broken
def reversed_after_a_removal_was_claimed(patch: pytest.MonkeyPatch) -> None:
    lift = removals._lift

    def lenient(each: Negativation, *given: Any) -> Change:
        change = lift(replace(each, removal_claims=0), *given)
        return Change(replace(change.negativation, removal_claims=each.removal_claims), change.events)

    patch.setattr(removals, "_lift", lenient)


@_broken
def what_the_bureau_removed_can_be_taken_back(patch: pytest.MonkeyPatch) -> None:
    wants = observations._bureau_wants
    patch.setattr(observations, "_bureau_wants", lambda each, moment: each if each.triggers else wants(each, moment))


@_broken
def what_turned_up_late_can_be_taken_back(patch: pytest.MonkeyPatch) -> None:
    reopen = observations._reopened
    patch.setattr(observations, "_reopened", lambda each, moment: each if each.triggers else reopen(each, moment))


@_broken
def any_invoice_is_enough_for_all(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.settlement_trigger
    patch.setattr(removals, "settlement_trigger", lambda standings, _, *rest: decide(standings, RemovalPolicy(), *rest))


# ------------------------------------------------------------------------------------------------ rule 5


@_broken
def unblocked_silently(patch: pytest.MonkeyPatch) -> None:
    def forget(each: Negativation) -> Negativation:
        return replace(each, transmission=replace(each.transmission, block=None))

    _settle_otherwise(patch, forget, lambda each: each)


@_broken
def a_blocked_transmission_is_closed(patch: pytest.MonkeyPatch) -> None:
    def close(each: Negativation) -> Negativation:
        if each.transmission.block is None:
            return each
        return replace(each, transmission=replace(each.transmission, action=Action.CLOSE))

    _settle_otherwise(patch, lambda each: each, close)


@_broken
def an_answer_starts_what_a_person_stopped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Block, "is_by_person", property(lambda _: False))


@_broken
def a_refused_removal_closes(patch: pytest.MonkeyPatch) -> None:
    def close(each: Negativation, code: str, message: str, moment: observations.Moment) -> Change:
        return observations._to(each, Observed.GONE, moment, EventKind.REMOVED, cause=message, code=code)

    patch.setattr(observations, "_removal_refused", close)


@_broken
def a_person_may_state_it_too_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(removals, "lands_until", lambda *_: None)


@_broken
def blocked_and_out_of_the_alarm(patch: pytest.MonkeyPatch) -> None:
    stop = transmissions.stop_trying

    def silence(*given: Any) -> Change:
        change = stop(*given)
        work = replace(change.negativation.transmission, deadline=None)
        return Change(replace(change.negativation, transmission=work), change.events)

    patch.setattr(transmissions, "stop_trying", silence)


# ------------------------------------------------------------------------------------------------ rule 6


@_broken
def closed_as_never_sent_while_a_claim_is_out(patch: pytest.MonkeyPatch) -> None:
    want = removals.want_removed

    def hasty(each: Negativation, *given: Any) -> Change:
        sent = each.observed is Observed.IN_DOUBT_INCLUDE
        return want(replace(each, observed=Observed.ABSENT) if sent else each, *given)

    patch.setattr(removals, "want_removed", hasty)


@_broken
def doubt_is_written_after_the_call(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim

    def trusting(each: Negativation, *given: Any, **more: Any) -> Change:
        change = claim(each, *given, **more)
        return Change(replace(change.negativation, observed=each.observed), change.events)

    patch.setattr(transmissions, "claim", trusting)


@_broken
def not_found_is_trusted_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "_inclusion_quiet", lambda _: None)


@_broken
def not_found_counts_from_its_answer(patch: pytest.MonkeyPatch) -> None:
    missing = observations._missing
    patch.setattr(observations, "_missing", lambda each, _, moment: missing(each, moment.now, moment))


@_broken
def gone_while_another_inclusion_could_land(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "_another_could_land", lambda *_: False)


@_broken
def a_rejection_forgets_the_other_inclusion(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "_one_less", lambda _: None)


@_broken
def sent_again_when_the_lease_ran_out(patch: pytest.MonkeyPatch) -> None:
    def let_go(each: Negativation, _: Capabilities, now: datetime) -> Change:
        held = each.transmission.claim
        if held is None or held.until > now:
            return Change(each)
        return Change(replace(each, transmission=replace(each.transmission, claim=None)), (_event(each, now),))

    patch.setattr(transmissions, "expire", let_go)


@_broken
def a_stale_fence_is_accepted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk, "is_in_time", lambda work, _: work.claim is not None)


@_broken
def the_lease_is_shorter_than_the_call(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Capabilities, "lease", property(lambda gateway: gateway.call_deadline / 2))


@_broken
def a_late_answer_is_dropped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "answered_late", lambda each, *_: Change(each))


@_broken
def a_late_answer_is_only_noted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "doubt_from", lambda *_: None)


@_broken
def a_late_removal_speaks_of_now(patch: pytest.MonkeyPatch) -> None:
    answered = observations._removal_answered

    def hasty(each: Negativation, answer: Any, _: datetime, moment: observations.Moment) -> Change:
        return answered(each, answer, moment.now, moment)

    patch.setattr(observations, "_removal_answered", hasty)


@_broken
def a_hint_closes_without_a_look(patch: pytest.MonkeyPatch) -> None:
    says = removals.bureau_says_removed

    def believe(each: Negativation, gateway: Capabilities, **given: Any) -> Change:
        return says(each, replace(gateway, find=False), **given)

    patch.setattr(removals, "bureau_says_removed", believe)


@_broken
def a_removal_is_sent_again_while_one_is_on_its_way(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observations, "_removal_quiet", lambda each, _: each.created_at)


@_broken
def still_processing_means_done(patch: pytest.MonkeyPatch) -> None:
    answered = observations._removal_answered

    def hasty(each: Negativation, answer: Any, asked_at: datetime, moment: observations.Moment) -> Change:
        if getattr(answer, "still_processing", False):
            answer = Done()
        return answered(each, answer, asked_at, moment)

    patch.setattr(observations, "_removal_answered", hasty)


@_broken
def a_callback_during_the_call_is_lost(patch: pytest.MonkeyPatch) -> None:
    late = observations.answered_late

    def deaf(each: Negativation, action: Action, answer: Any, moment: observations.Moment) -> Change:
        if each.transmission.claim is None:
            return late(each, action, answer, moment)
        return Change(each, (_event(each, moment.now),))

    patch.setattr(observations, "answered_late", deaf)


# ------------------------------------------------------------------------------------------------ rule 9, 10, deadlines


@_broken
def each_attempt_has_a_new_reference(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim

    def renamed(*given: Any, **more: Any) -> Change:
        change = claim(*given, **more)
        fence = change.negativation.transmission.fence
        return Change(replace(change.negativation, reference=f"R-{fence}"), change.events)

    patch.setattr(transmissions, "claim", renamed)


@_broken
def a_claim_leaves_no_trace(patch: pytest.MonkeyPatch) -> None:
    claim = transmissions.claim
    patch.setattr(transmissions, "claim", lambda *given, **more: Change(claim(*given, **more).negativation))


@_broken
def payment_is_told_for_one_of_three(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.removal_reason

    def rounded_up(*given: Any) -> RemovalReason:
        reason = decide(*given)
        return RemovalReason.PAYMENT if reason is RemovalReason.PARTIAL_PAYMENT else reason

    patch.setattr(removal_policy, "removal_reason", rounded_up)


@_broken
def the_reason_is_the_one_of_the_click(patch: pytest.MonkeyPatch) -> None:
    def chosen(_: Any, triggers: tuple[RemovalTrigger, ...]) -> RemovalReason:
        return next((each.reason for each in triggers if each.reason), RemovalReason.CREDITOR_REQUEST)

    patch.setattr(removal_policy, "removal_reason", chosen)


@_broken
def the_deadline_counts_from_the_click(patch: pytest.MonkeyPatch) -> None:
    decide = removal_policy.settlement_trigger

    def from_now(standings: Any, policy: Any, calendar: Any, now: datetime) -> RemovalTrigger | None:
        trigger = decide(standings, policy, calendar, now)
        if trigger is None:
            return None
        return replace(trigger, deadline=removal_deadline(RemovalCause.SETTLEMENT, now.date(), calendar))

    patch.setattr(removals, "settlement_trigger", from_now)


@_broken
def asking_again_puts_the_deadline_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(removals, "_not_later", lambda trigger, _: trigger)


# ------------------------------------------------------------------------------------------------ parts


def _event(each: Negativation, now: datetime) -> Event:
    return Event(EventKind.NOT_FOUND, each.id, now)


def _settle_otherwise(
    patch: pytest.MonkeyPatch,
    before: Callable[[Negativation], Negativation],
    after: Callable[[Negativation], Negativation],
) -> None:
    settle = negativations.sync_transmission

    def otherwise(each: Negativation, gateway: Capabilities, due_at: datetime) -> Negativation:
        return after(settle(before(each), gateway, due_at))

    for module in (observations, removals, transmissions):
        patch.setattr(module, "settle", otherwise)
