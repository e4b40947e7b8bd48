"""The negativation after each look-up, compared field by field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    NotExecuted,
    RecordFound,
    RecordNotFound,
    RecordState,
)
from credit_protection.domain.events import EventKind
from credit_protection.domain.negativations import STOPPED_BY_PERSON, Block
from credit_protection.domain.observations import answered, answered_late, looked_up, lookup_failed
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Observed
from tests.domain.lifecycle.answer_fixtures import (
    BLOCKED,
    BUREAU,
    LOOKED_UP,
    QUIET,
    REPEATABLE,
    SOON,
    TODAY,
    UNREADABLE,
    becomes,
    event,
    looking,
    now,
    removing,
    several,
    t,
)
from tests.domain.lifecycle.bureau import LOST, UNAVAILABLE
from tests.domain.lifecycle.table import WANTED
from tests.domain.lifecycle.transitions import (
    CREATED_AT,
    created,
    in_state,
    leased,
)


def test_lookup_result_in_time_requires_a_claim() -> None:
    with pytest.raises(ValueError, match=r"^a look-up's answer in time needs a claim$"):
        looked_up(created(LOOKED_UP), RecordNotFound(), now(LOOKED_UP))


def test_failed_lookup_changes_no_observed_state() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP)
    change = lookup_failed(before, NotExecuted("limite_de_chamadas", "Devagar.", retry_at=t(7)), now(LOOKED_UP))
    assert change.negativation == becomes(before, {"due_at": t(7), "attempts": 2, "last_error": "limite_de_chamadas"})
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, "Devagar.", code="limite_de_chamadas"),)


def test_lookup_with_lost_answer_is_retried() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP)
    change = lookup_failed(before, LOST, now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"due_at": t(1) + SOON, "attempts": 1, "last_error": "tempo_esgotado"}
    )
    assert change.negativation.transmission.action is Action.POLL
    cause = "O birô não respondeu a tempo."
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, cause, code="tempo_esgotado"),)


def test_lookup_that_needs_a_person_is_blocked() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    after = lookup_failed(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP), hopeless, now(LOOKED_UP)).negativation
    assert after.transmission.block == BLOCKED


def test_block_stays_while_lookups_fail() -> None:
    stopped = Block(STOPPED_BY_PERSON, "chega", CREATED_AT)
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    before = replace(before, transmission=replace(before.transmission, block=stopped))
    assert lookup_failed(before, UNAVAILABLE, now(LOOKED_UP)).negativation.transmission.block == stopped


def test_found_record_is_present() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    found = RecordFound(RecordState.PRESENT, "id-9", notice_sent_on=date(2026, 11, 21), published_on=date(2026, 12, 1))
    change = looked_up(before, found, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.NOTHING, "due_at": t(1), "attempts": 0, "last_error": ""},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
        notice_sent_on=date(2026, 11, 21),
        published_on=date(2026, 12, 1),
    )
    assert change.events == (event(EventKind.INCLUDED),)


def test_found_record_keeps_known_at_and_other_unanswered_inclusion() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, wanted=True))
    after = looked_up(before, RecordFound(RecordState.PRESENT), now(LOOKED_UP)).negativation
    assert (after.known_at, after.bureau_id) == (CREATED_AT, "id-1")
    assert after.unanswered_inclusions == before.unanswered_inclusions


def test_record_in_processing_is_polled_with_backoff() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    change = looked_up(before, RecordFound(RecordState.INCLUDING, "id-9"), now(LOOKED_UP))
    first = change.negativation
    assert first == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1.5), "attempts": 2, "last_error": ""},
        observed=Observed.INCLUDING,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
    )
    assert change.events == (event(EventKind.STILL_PROCESSING),)
    again = looked_up(
        leased(first, LOOKED_UP, Action.POLL), RecordFound(RecordState.INCLUDING), now(LOOKED_UP, 2)
    ).negativation
    assert (again.transmission.due_at, again.transmission.attempts) == (t(3), 3)
    assert again.observed_since == t(1)


@pytest.mark.parametrize("state", [RecordState.PRESENT, RecordState.INCLUDING])
@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_record_found_while_its_removal_may_take_effect_is_looked_up_again(
    observed: Observed, state: RecordState
) -> None:
    before = looking(observed, LOOKED_UP, 5.49)
    attempts = before.transmission.attempts
    change = looked_up(before, RecordFound(state, "id-9"), now(LOOKED_UP, 5.5))
    wait = (attempts + 1) * SOON
    assert change.negativation == becomes(before, {"due_at": t(5.5) + wait, "attempts": attempts + 1}, bureau_id="id-9")
    assert change.events == (event(EventKind.STILL_PROCESSING, 5.5),)


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_record_found_after_quiet_period_of_its_removal_is_removed_again(observed: Observed) -> None:
    before = looking(observed, LOOKED_UP, 5.5)
    after = looked_up(before, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 6)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.PRESENT, None)
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(6))


def test_next_lookup_of_removal_is_no_later_than_end_of_quiet_period() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 5)
    before = replace(before, transmission=replace(before.transmission, attempts=6))
    after = looked_up(before, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 5)).negativation
    assert after.transmission.due_at == CREATED_AT + QUIET


def test_quiet_period_of_accepted_removal_counts_from_claim_not_from_receipt() -> None:
    accepted = answered(removing(LOOKED_UP), Accepted(), now(LOOKED_UP, 1)).negativation
    before = leased(accepted, LOOKED_UP, Action.POLL, 5.5)
    assert (
        looked_up(before, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 6)).negativation.observed is Observed.PRESENT
    )


def test_record_in_processing_clears_unanswered_removal() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 5.5)
    after = looked_up(before, RecordFound(RecordState.INCLUDING), now(LOOKED_UP, 6)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.INCLUDING, None)


def test_refused_inclusion_clears_unanswered_removal() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    after = looked_up(before, RecordFound(RecordState.REJECTED), now(LOOKED_UP)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.REJECTED, None)


def test_quiet_period_of_bureau_removal_counts_from_the_hint() -> None:
    after_hint = replace(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 9), unanswered_removals=None, observed_since=t(4))
    early = looked_up(after_hint, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 9)).negativation
    assert early.observed is Observed.IN_DOUBT_REMOVE
    assert early.transmission.due_at == t(9.5)
    counting = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 9.5)
    late = replace(counting, unanswered_removals=None, observed_since=t(4))
    assert (
        looked_up(late, RecordFound(RecordState.PRESENT), now(LOOKED_UP, 10)).negativation.observed is Observed.PRESENT
    )


def test_inclusion_seen_as_refused_is_closed() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP)
    change = looked_up(before, RecordFound(RecordState.REJECTED, "id-1", "CPF inválido."), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.REJECTED,
        observed_since=t(1),
        rejection="CPF inválido.",
    )
    assert change.events == (event(EventKind.REJECTED, 1, "CPF inválido."),)


def test_refusal_seen_by_lookup_decides_nothing_while_another_inclusion_could_take_effect() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.4, wanted=True))
    early = looked_up(before, RecordFound(RecordState.REJECTED), now(LOOKED_UP, 5.4))
    assert early.negativation.observed is Observed.INCLUDING
    assert early.negativation.transmission.due_at == CREATED_AT + QUIET
    assert early.events == (event(EventKind.STILL_PROCESSING, 5.4),)
    later = several(looking(Observed.INCLUDING, LOOKED_UP, 5.5, wanted=True))
    closed = looked_up(later, RecordFound(RecordState.REJECTED), now(LOOKED_UP, 6)).negativation
    assert (closed.observed, closed.unanswered_inclusions) == (Observed.REJECTED, None)


def test_refusal_of_the_only_inclusion_closes() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    after = looked_up(before, RecordFound(RecordState.REJECTED), now(LOOKED_UP)).negativation
    assert (after.observed, after.unanswered_inclusions) == (Observed.REJECTED, None)


def test_record_that_the_bureau_is_removing_is_no_longer_desired() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, wanted=True)
    change = looked_up(before, RecordFound(RecordState.REMOVING), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON, "attempts": 1, "deadline": TODAY},
        observed=Observed.REMOVING,
        observed_since=t(1),
        triggers=(BUREAU,),
    )
    assert change.events == (event(EventKind.STILL_PROCESSING, 1, "o birô está removendo"),)


def test_own_removal_adds_no_bureau_trigger() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    after = looked_up(before, RecordFound(RecordState.REMOVING), now(LOOKED_UP)).negativation
    assert (after.triggers, after.unanswered_removals) == (before.triggers, None)


def test_bureau_removal_adds_one_trigger() -> None:
    bureau = RemovalTrigger(RemovalCause.BUREAU, CREATED_AT, TODAY)
    before = replace(looking(Observed.REMOVING, LOOKED_UP), triggers=(bureau,), removal_claims=0)
    assert looked_up(before, RecordFound(RecordState.REMOVING), now(LOOKED_UP)).negativation.triggers == (bureau,)


def test_removal_seen_as_refused_needs_a_person() -> None:
    before = looking(Observed.REMOVING, LOOKED_UP)
    change = looked_up(before, RecordFound(RecordState.REMOVAL_REFUSED, "id-1", "Em disputa."), now(LOOKED_UP))
    after = change.negativation
    assert (after.observed, after.unanswered_removals) == (Observed.PRESENT, None)
    assert after.transmission.block is not None
    assert after.transmission.block.code == "remocao_recusada"
    assert change.events[0] == event(EventKind.REMOVAL_REFUSED, 1, "Em disputa.", code="remocao_recusada")


def test_gone_record_closes_negativation() -> None:
    before = looking(Observed.REMOVING, LOOKED_UP)
    change = looked_up(before, RecordFound(RecordState.GONE), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.GONE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.REMOVED, 1, "removida"),)


def test_record_removed_by_bureau_closes_with_bureau_trigger() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, wanted=True)
    change = looked_up(before, RecordFound(RecordState.GONE), now(LOOKED_UP))
    assert (change.negativation.observed, change.negativation.triggers) == (Observed.GONE, (BUREAU,))
    assert change.events == (event(EventKind.REMOVED, 1, "removida pelo birô"),)


def test_gone_record_stays_open_while_another_inclusion_could_take_effect() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.4, wanted=True))
    change = looked_up(before, RecordFound(RecordState.GONE), now(LOOKED_UP, 5.4))
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE
    assert change.negativation.observed_since == t(5.4)
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert change.negativation.transmission.due_at == CREATED_AT + QUIET


def test_inclusion_not_found_after_quiet_period_is_resent() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, 5.5, wanted=True)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(6), "attempts": 0, "last_error": ""},
        observed=Observed.ABSENT,
        observed_since=t(6),
        unanswered_inclusions=None,
    )
    assert change.events == (event(EventKind.NOT_FOUND, 6, "o birô não tem o registro"),)


def test_unwanted_inclusion_in_doubt_is_cancelled_when_not_found_after_quiet_period() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, 5.5)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(6), "deadline": None, "attempts": 0, "last_error": ""},
        observed=Observed.ABSENT,
        observed_since=t(6),
        unanswered_inclusions=None,
    )
    assert change.events == (event(EventKind.CANCELLED, 6, "o birô não tem o registro"),)


def test_inclusion_not_found_before_quiet_period_is_looked_up_again() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, 5.49, wanted=True)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    assert change.negativation == becomes(before, {"due_at": t(6.5), "attempts": 2})
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert change.events == (event(EventKind.NOT_FOUND, 6),)


def test_removal_in_doubt_is_done_when_record_is_not_found() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 5.5)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    assert (change.negativation.observed, change.negativation.unanswered_removals) == (Observed.GONE, None)
    assert change.events == (event(EventKind.REMOVED, 6, "removida"),)


def test_removal_in_doubt_is_not_done_within_the_quiet_period_of_what_the_bureau_acknowledged() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP))
    assert (change.negativation.observed, change.negativation.is_closed) == (Observed.IN_DOUBT_REMOVE, False)
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert change.events == (event(EventKind.NOT_FOUND),)


def test_removal_in_doubt_is_looked_up_again_while_another_inclusion_could_take_effect() -> None:
    before = several(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP))
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP))
    assert change.negativation == becomes(before, {"due_at": t(1.5), "attempts": 2})
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE


def test_removal_without_lookup_is_resent_while_another_inclusion_could_take_effect() -> None:
    before = several(removing(REPEATABLE))
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(REPEATABLE))
    assert change.negativation.observed is Observed.PRESENT
    assert change.negativation.observed_since == t(1)
    assert change.negativation.transmission.action is Action.REMOVE


def test_accepted_inclusion_not_found_is_looked_up_again() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.49, wanted=True)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 5.5))
    assert change.negativation == becomes(before, {"due_at": t(5.5) + SOON, "attempts": 1})
    assert change.events == (event(EventKind.NOT_FOUND, 5.5),)
    early = looked_up(before, RecordNotFound(), now(LOOKED_UP, 5.4)).negativation
    assert early.transmission.due_at == CREATED_AT + QUIET


def test_accepted_inclusion_not_found_after_quiet_period_needs_a_person() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.5, wanted=True)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    message = (
        "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe."
    )
    assert change.negativation == becomes(
        before, {"due_at": t(6), "block": Block("registro_sumiu", message, t(6)), "last_error": "registro_sumiu"}
    )
    assert change.events == (event(EventKind.NEEDS_PERSON, 6, message, code="registro_sumiu"),)


def test_unwanted_inclusion_not_found_after_quiet_period_is_gone() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.5)
    change = looked_up(before, RecordNotFound(), now(LOOKED_UP, 6))
    assert change.negativation.observed is Observed.GONE
    assert change.negativation.triggers[1:] == (replace(BUREAU, at=t(6)),)
    assert change.events == (event(EventKind.REMOVED, 6, "removida", without_proof="yes"),)


def test_unwanted_inclusion_sent_twice_and_not_found_is_gone() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.5))
    assert looked_up(before, RecordNotFound(), now(LOOKED_UP, 6)).negativation.observed is Observed.GONE


def test_transcript_of_unreadable_lookup_answer_is_stored() -> None:
    looking = leased(in_state((Observed.IN_DOUBT_INCLUDE, WANTED), LOOKED_UP), LOOKED_UP, Action.LOOK_UP)
    change = lookup_failed(looking, UNREADABLE, now(LOOKED_UP))
    late = answered_late(looking, Action.INCLUDE, UNREADABLE, now(LOOKED_UP))
    assert change.events[0].detail == {"code": "resposta_nao_entendida", "transcript": "<html>"}
    assert late.events[0].detail["transcript"] == "<html>"
