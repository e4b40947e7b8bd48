"""What each answer makes of a negativation, to the last field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    Found,
    ExecutionResult,
    Missing,
    NotExecuted,
    RecordState,
    Rejected,
    Unknown,
)
from credit_protection.domain.capabilities import Pace
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.legal_calendar import RemovalCause
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Action,
    Block,
    Observed,
    Unanswered,
)
from credit_protection.domain.observations import Moment, answered, answered_late, sighted, unseen
from credit_protection.domain.removal_policy import RemovalTrigger
from tests.domain.lifecycle import profiles
from tests.domain.lifecycle.cells import BORN, LOST, REFUSED, UNAVAILABLE, at, born, claimed, deleted, held
from tests.domain.lifecycle.table import UNWANTED, WANTED

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.negativations import Negativation

PACE = Pace(timedelta(minutes=1), timedelta(minutes=15))
PROCESSING = timedelta(minutes=4, seconds=25)
"""With the lease of 65 s, half a minute over five in which a request could land."""
LOOKED_UP = replace(profiles.LOOKED_UP.gateway, poll_pace=PACE, max_processing=PROCESSING)
NATURAL = replace(profiles.NATURAL.gateway, poll_pace=PACE, max_processing=PROCESSING)
CALLBACK = replace(profiles.CALLBACK.gateway, poll_pace=PACE, max_processing=PROCESSING)
REPEATABLE = replace(profiles.REPEATABLE.gateway, poll_pace=PACE, max_processing=PROCESSING)
INSISTENT = replace(profiles.INSISTENT_CALLBACK.gateway, poll_pace=PACE, max_processing=PROCESSING)
ONCE = replace(profiles.SYNCHRONOUS_LOOKED_UP.gateway, poll_pace=PACE, max_processing=PROCESSING)

TODAY = date(2026, 11, 20)
QUIET = timedelta(minutes=5, seconds=30)
SOON = timedelta(seconds=15)
"""A quarter of the pace's first minute; then 30 s, a minute, ..."""
STILL_PROCESSING = NotExecuted("inclusao_em_processamento", "Ainda em processamento.", still_processing=True)


def t(minutes: float) -> datetime:
    return BORN + timedelta(minutes=minutes)


def now(gateway: Capabilities, minutes: float = 1) -> Moment:
    return Moment(t(minutes), TODAY, gateway, jitter=0.25)


def event(kind: EventKind, minutes: float = 1, cause: str = "", **detail: str) -> Event:
    return Event(kind, "n-1", t(minutes), cause=cause, detail=detail)


def becomes(before: Negativation, work: dict[str, object], **changes: object) -> Negativation:
    """The same, nobody holding it any more, with these changes."""
    changed: dict[str, object] = {"claim": None, **work}
    return replace(before, transmission=replace(before.transmission, **changed), **changes)  # type: ignore[arg-type]


def including(gateway: Capabilities, *, wanted: bool = True) -> Negativation:
    """An inclusion is being sent; perhaps no longer wanted."""
    each = claimed(born(gateway), gateway)
    return each if wanted else deleted(each, gateway)


def removing(gateway: Capabilities) -> Negativation:
    """A removal is being sent since the beginning."""
    return claimed(at((Observed.PRESENT, UNWANTED), gateway), gateway)


def looking(observed: Observed, gateway: Capabilities, minutes: float = 0, *, wanted: bool = False) -> Negativation:
    """A look-up was asked some minutes after the beginning."""
    return held(at((observed, WANTED if wanted else UNWANTED), gateway), gateway, Action.LOOK_UP, minutes)


def several(each: Negativation, count: int = 1, minutes: float = 0) -> Negativation:
    """Another inclusion was sent as well, and nothing is known of it."""
    return replace(each, inclusion_claims=2, unanswered_inclusions=Unanswered(count, t(minutes), t(minutes) + QUIET))


BLOCKED = Block("sem_credito", "Sem crédito.", t(1))
LATE = RemovalTrigger(RemovalCause.LATE_ANSWER, t(1), TODAY, note="apareceu no birô depois de encerrada")
BUREAU = RemovalTrigger(RemovalCause.BUREAU, t(1), TODAY, note="removida pelo birô")

# ------------------------------------------------------------------------------------------------ an inclusion's answer


def test_an_inclusion_that_is_done_is_present_and_its_publication_is_estimated() -> None:
    before = including(LOOKED_UP)
    change = answered(before, Done(bureau_id="id-9"), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.NOTHING, "due_at": t(1)},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
        published_on=date(2026, 11, 30),
        published_is_estimated=True,
    )
    assert change.events == (event(EventKind.INCLUDED),)


def test_what_the_bureau_tells_of_notice_and_publication_is_kept() -> None:
    told = Done(notice_sent_on=date(2026, 11, 21), published_on=date(2026, 12, 11))
    after = answered(including(LOOKED_UP), told, now(LOOKED_UP)).negativation
    assert (after.notice_sent_on, after.published_on) == (date(2026, 11, 21), date(2026, 12, 11))
    assert not after.published_is_estimated
    assert after.bureau_id is None


def test_the_estimate_counts_from_the_notice() -> None:
    moment = replace(now(LOOKED_UP), notice_days=20)
    after = answered(including(LOOKED_UP), Done(notice_sent_on=date(2026, 11, 23)), moment).negativation
    assert (after.published_on, after.published_is_estimated) == (date(2026, 12, 13), True)


def test_an_estimate_stays_until_the_bureau_tells() -> None:
    estimated = replace(
        looking(Observed.INCLUDING, LOOKED_UP, wanted=True),
        published_on=date(2026, 12, 1),
        published_is_estimated=True,
        notice_sent_on=date(2026, 11, 21),
    )
    silent = sighted(estimated, Found(RecordState.PRESENT), now(LOOKED_UP)).negativation
    assert (silent.published_on, silent.published_is_estimated) == (date(2026, 12, 1), True)
    assert silent.notice_sent_on == date(2026, 11, 21)
    told = sighted(estimated, Found(RecordState.PRESENT, published_on=date(2026, 12, 5)), now(LOOKED_UP)).negativation
    assert (told.published_on, told.published_is_estimated) == (date(2026, 12, 5), False)


def test_an_inclusion_that_is_done_and_unwanted_is_removed_at_once() -> None:
    after = answered(including(LOOKED_UP, wanted=False), Done(), now(LOOKED_UP)).negativation
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(1))
    assert after.transmission.deadline == date(2026, 11, 24)


def test_an_accepted_inclusion_is_polled_soon() -> None:
    before = including(LOOKED_UP)
    change = answered(before, Accepted("id-9"), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON},
        observed=Observed.INCLUDING,
        observed_since=t(1),
        unanswered_inclusions=None,
        known_at=t(1),
        bureau_id="id-9",
    )
    assert change.events == (event(EventKind.INCLUSION_ACCEPTED),)


def test_a_refused_inclusion_is_closed_with_the_bureaus_words() -> None:
    before = including(LOOKED_UP)
    change = answered(before, REFUSED, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1)},
        observed=Observed.REJECTED,
        observed_since=t(1),
        unanswered_inclusions=None,
        rejection="E10: Dados inválidos.",
    )
    assert change.events == (event(EventKind.REJECTED, 1, "Dados inválidos.", code="E10"),)


def test_a_refusal_decides_nothing_while_another_inclusion_may_have_landed() -> None:
    before = several(including(REPEATABLE), 2)
    change = answered(before, REFUSED, now(REPEATABLE))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(1) + SOON, "attempts": 1, "last_error": "E10"},
        unanswered_inclusions=Unanswered(1, BORN, BORN + QUIET),
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="E10"),)


def test_an_inclusion_that_was_not_executed_is_tried_again_later() -> None:
    before = including(LOOKED_UP)
    before = replace(before, transmission=replace(before.transmission, attempts=1))
    change = answered(before, UNAVAILABLE, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(1.5), "attempts": 2, "last_error": "biro_indisponivel"},
        observed=Observed.ABSENT,
        observed_since=t(1),
        unanswered_inclusions=None,
    )
    kind = EventKind.NOT_EXECUTED
    assert change.events == (event(kind, 1, "O birô está fora do ar.", code="biro_indisponivel"),)


def test_a_bureaus_slow_down_is_obeyed() -> None:
    calm = NotExecuted("limite_de_chamadas", "Devagar.", retry_at=t(7))
    assert answered(including(LOOKED_UP), calm, now(LOOKED_UP)).negativation.transmission.due_at == t(7)


def test_where_trying_again_is_useless_a_person_is_asked() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    after = answered(including(LOOKED_UP), hopeless, now(LOOKED_UP)).negativation
    assert after.transmission.block == BLOCKED
    assert after.transmission.action is Action.INCLUDE


def test_an_unwanted_inclusion_that_was_not_executed_is_cancelled() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    before = including(LOOKED_UP, wanted=False)
    change = answered(before, hopeless, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1) + SOON, "attempts": 1, "last_error": "sem_credito", "deadline": None},
        observed=Observed.ABSENT,
        observed_since=t(1),
        unanswered_inclusions=None,
    )
    assert change.events == (
        event(EventKind.NOT_EXECUTED, 1, "Sem crédito.", code="sem_credito"),
        event(EventKind.CANCELLED, 1, "cancelada antes do envio"),
    )


def test_a_repeat_that_was_not_executed_leaves_the_first_in_doubt() -> None:
    before = several(including(REPEATABLE), 2)
    after = answered(before, UNAVAILABLE, now(REPEATABLE)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.observed_since == BORN
    assert after.unanswered_inclusions == Unanswered(1, BORN, BORN + QUIET)
    assert after.transmission.action is Action.INCLUDE


def test_an_inclusion_whose_answer_is_lost_stays_in_doubt() -> None:
    before = including(LOOKED_UP)
    change = answered(before, LOST, now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"action": Action.LOOK_UP, "due_at": t(1) + SOON, "attempts": 1, "last_error": "tempo_esgotado"}
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="tempo_esgotado"),)


def test_what_was_answered_and_not_understood_is_kept() -> None:
    garbled = Unknown("resposta_nao_entendida", "?", transcript="<html>")
    change = answered(including(LOOKED_UP), garbled, now(LOOKED_UP))
    assert change.events == (event(EventKind.IN_DOUBT, code="resposta_nao_entendida", transcript="<html>"),)


def test_an_answer_in_time_needs_a_claim() -> None:
    with pytest.raises(ValueError, match=r"^an answer in time needs a claim$"):
        answered(born(LOOKED_UP), Done(), now(LOOKED_UP))


# ------------------------------------------------------------------------------------------------ a removal's answer


@pytest.mark.parametrize("how", [ExecutionResult.EXECUTED, ExecutionResult.ALREADY_IN_EFFECT, ExecutionResult.NOT_FOUND])
def test_a_removal_that_is_done_closes(how: ExecutionResult) -> None:
    before = removing(NATURAL)
    change = answered(before, Done(how), now(NATURAL))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.GONE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.REMOVED, 1, "removida"),)


def test_a_removal_from_doubt_that_is_done_shows_that_the_inclusion_had_landed() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, Done(), now(NATURAL)).negativation
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.GONE, t(1), None)


def test_not_found_asked_too_early_concludes_nothing() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL))
    assert change.negativation == becomes(
        before,
        {"due_at": t(1) + SOON, "attempts": 1},
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.transmission.action is Action.REMOVE
    assert change.events == (event(EventKind.NOT_FOUND),)


def test_the_next_look_is_no_later_than_when_it_counts() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    before = replace(before, transmission=replace(before.transmission, attempts=5))
    after = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 5)).negativation
    assert after.transmission.due_at == BORN + QUIET
    late = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 5.5)).negativation
    assert late.transmission.due_at == t(5.5) + timedelta(minutes=3.75)


def test_not_found_asked_when_nothing_could_land_cancels() -> None:
    doubtful = at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    before = claimed(doubtful, NATURAL, 5.5)
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 6))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(6), "deadline": None, "attempts": 0, "last_error": ""},
        observed=Observed.ABSENT,
        observed_since=t(6),
        unanswered_inclusions=None,
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.CANCELLED, 6, "o birô não tem o registro"),)


def test_a_removal_is_not_the_end_while_another_inclusion_could_land() -> None:
    before = several(removing(REPEATABLE))
    change = answered(before, Done(), now(REPEATABLE))
    assert change.negativation == becomes(
        before,
        {"action": Action.REMOVE, "due_at": t(1) + SOON, "attempts": 1},
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE
    assert change.events == (event(EventKind.STILL_PROCESSING),)


def test_a_removal_sent_when_no_other_inclusion_could_land_is_the_end() -> None:
    before = several(claimed(at((Observed.PRESENT, UNWANTED), REPEATABLE), REPEATABLE, 5.5))
    assert answered(before, Done(), now(REPEATABLE, 6)).negativation.observed is Observed.GONE


def test_an_accepted_removal_is_polled_soon() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, Accepted(), now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"action": Action.POLL, "due_at": t(1) + SOON}, observed=Observed.REMOVING, observed_since=t(1)
    )
    assert change.negativation.unanswered_removals == Unanswered(1, BORN, BORN + QUIET)
    assert change.events == (event(EventKind.REMOVAL_ACCEPTED),)


def test_an_accepted_removal_from_doubt_shows_that_the_inclusion_had_landed() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT), INSISTENT)
    after = answered(before, Accepted(), now(INSISTENT)).negativation
    assert (after.known_at, after.unanswered_inclusions) == (t(1), None)
    assert after.transmission.action is Action.AWAIT_CALLBACK


@pytest.mark.parametrize(("message", "said"), [("Em disputa.", "Em disputa."), ("", "E99")])
def test_a_refused_removal_goes_back_and_needs_a_person(message: str, said: str) -> None:
    before = removing(LOOKED_UP)
    change = answered(before, Rejected("E99", message), now(LOOKED_UP))
    told = f"O birô recusou a remoção: {said}. Corrija e tente de novo; o prazo legal continua correndo."
    assert change.negativation == becomes(
        before,
        {
            "action": Action.REMOVE,
            "due_at": t(1),
            "block": Block("remocao_recusada", told, t(1)),
            "last_error": "remocao_recusada",
        },
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.negativation.transmission.deadline == date(2026, 11, 24)
    assert change.events == (
        event(EventKind.REMOVAL_REFUSED, 1, message, code="E99"),
        event(EventKind.NEEDS_PERSON, 1, told, code="remocao_recusada"),
    )


def test_a_refused_removal_from_doubt_goes_back_to_the_doubt() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, REFUSED, now(NATURAL)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.transmission.block is not None


def test_still_processing_means_later() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, STILL_PROCESSING, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON},
        observed=Observed.INCLUDING,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.STILL_PROCESSING),)


def test_still_processing_where_nobody_would_say_when_is_tried_again() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), INSISTENT), INSISTENT)
    after = answered(before, STILL_PROCESSING, now(INSISTENT)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(1) + SOON)


def test_a_removal_that_was_not_executed_is_tried_again_later() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, UNAVAILABLE, now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"due_at": t(1) + SOON, "attempts": 1, "last_error": "biro_indisponivel"},
        observed=Observed.PRESENT,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, "O birô está fora do ar.", code="biro_indisponivel"),)


def test_a_repeated_removal_that_was_not_executed_leaves_the_first_in_doubt() -> None:
    before = claimed(at((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL), NATURAL)
    after = answered(before, UNAVAILABLE, now(NATURAL)).negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE
    assert after.observed_since == before.observed_since
    assert after.unanswered_removals is not None
    assert after.unanswered_removals.count == 1


def test_a_removal_whose_answer_is_lost_stays_in_doubt() -> None:
    before = removing(LOOKED_UP)
    change = answered(before, LOST, now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"action": Action.LOOK_UP, "due_at": t(1) + SOON, "attempts": 1, "last_error": "tempo_esgotado"}
    )
    assert change.events == (event(EventKind.IN_DOUBT, code="tempo_esgotado"),)


def test_a_removal_from_doubt_that_must_wait_shows_that_the_inclusion_had_landed() -> None:
    gateway = replace(NATURAL, polling=True)
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), gateway), gateway)
    after = answered(before, STILL_PROCESSING, now(gateway)).negativation
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.INCLUDING, t(1), None)


def test_what_was_answered_to_a_removal_and_not_understood_is_kept() -> None:
    garbled = Unknown("resposta_nao_entendida", "?", transcript="<html>")
    change = answered(removing(LOOKED_UP), garbled, now(LOOKED_UP))
    assert change.events == (event(EventKind.IN_DOUBT, code="resposta_nao_entendida", transcript="<html>"),)


def test_what_is_gone_has_nothing_unanswered_left() -> None:
    twice = replace(removing(NATURAL), unanswered_removals=Unanswered(2, BORN, BORN + QUIET))
    counted = replace(twice, unanswered_inclusions=Unanswered(1, BORN, BORN + QUIET))
    after = answered(counted, Done(), now(NATURAL)).negativation
    assert (after.observed, after.unanswered_inclusions, after.unanswered_removals) == (Observed.GONE, None, None)


def test_what_was_never_there_has_nothing_unanswered_left() -> None:
    before = claimed(at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL), NATURAL, 5.5)
    twice = replace(before, unanswered_removals=Unanswered(2, BORN, t(11)))
    after = answered(twice, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 6)).negativation
    assert (after.observed, after.unanswered_inclusions, after.unanswered_removals) == (Observed.ABSENT, None, None)


# ------------------------------------------------------------------------------------------------ a look-up's answer


def test_a_sighting_in_time_needs_a_claim() -> None:
    with pytest.raises(ValueError, match=r"^a sighting in time needs a claim$"):
        sighted(born(LOOKED_UP), Missing(), now(LOOKED_UP))


def test_a_look_up_that_fails_teaches_nothing() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP)
    change = unseen(before, NotExecuted("limite_de_chamadas", "Devagar.", retry_at=t(7)), now(LOOKED_UP))
    assert change.negativation == becomes(before, {"due_at": t(7), "attempts": 2, "last_error": "limite_de_chamadas"})
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, "Devagar.", code="limite_de_chamadas"),)


def test_a_look_up_whose_answer_is_lost_is_asked_again() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP)
    change = unseen(before, LOST, now(LOOKED_UP))
    assert change.negativation == becomes(
        before, {"due_at": t(1) + SOON, "attempts": 1, "last_error": "tempo_esgotado"}
    )
    assert change.negativation.transmission.action is Action.POLL
    cause = "O birô não respondeu a tempo."
    assert change.events == (event(EventKind.NOT_EXECUTED, 1, cause, code="tempo_esgotado"),)


def test_a_look_up_that_a_person_must_mend_is_blocked() -> None:
    hopeless = NotExecuted("sem_credito", "Sem crédito.", needs_person=True)
    after = unseen(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP), hopeless, now(LOOKED_UP)).negativation
    assert after.transmission.block == BLOCKED


def test_a_block_stays_while_a_look_up_fails() -> None:
    stopped = Block(STOPPED_BY_PERSON, "chega", BORN)
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    before = replace(before, transmission=replace(before.transmission, block=stopped))
    assert unseen(before, UNAVAILABLE, now(LOOKED_UP)).negativation.transmission.block == stopped


def test_a_record_that_is_found_is_present() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    found = Found(RecordState.PRESENT, "id-9", notice_sent_on=date(2026, 11, 21), published_on=date(2026, 12, 1))
    change = sighted(before, found, now(LOOKED_UP))
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


def test_what_was_known_before_keeps_its_instant_and_its_other_inclusion() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, wanted=True))
    after = sighted(before, Found(RecordState.PRESENT), now(LOOKED_UP)).negativation
    assert (after.known_at, after.bureau_id) == (BORN, "id-1")
    assert after.unanswered_inclusions == before.unanswered_inclusions


def test_a_record_still_in_processing_is_polled_more_and_more_slowly() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    change = sighted(before, Found(RecordState.INCLUDING, "id-9"), now(LOOKED_UP))
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
    again = sighted(held(first, LOOKED_UP, Action.POLL), Found(RecordState.INCLUDING), now(LOOKED_UP, 2)).negativation
    assert (again.transmission.due_at, again.transmission.attempts) == (t(3), 3)
    assert again.observed_since == t(1)


@pytest.mark.parametrize("state", [RecordState.PRESENT, RecordState.INCLUDING])
@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_a_record_that_is_still_there_while_its_removal_may_land_is_waited_for(
    observed: Observed, state: RecordState
) -> None:
    before = looking(observed, LOOKED_UP, 5.49)
    attempts = before.transmission.attempts
    change = sighted(before, Found(state, "id-9"), now(LOOKED_UP, 5.5))
    wait = (attempts + 1) * SOON
    assert change.negativation == becomes(before, {"due_at": t(5.5) + wait, "attempts": attempts + 1}, bureau_id="id-9")
    assert change.events == (event(EventKind.STILL_PROCESSING, 5.5),)


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_a_record_that_is_still_there_when_its_removal_must_have_landed_is_removed_again(observed: Observed) -> None:
    before = looking(observed, LOOKED_UP, 5.5)
    after = sighted(before, Found(RecordState.PRESENT), now(LOOKED_UP, 6)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.PRESENT, None)
    assert (after.transmission.action, after.transmission.due_at) == (Action.REMOVE, t(6))


def test_the_next_look_at_a_removal_is_no_later_than_when_it_must_have_landed() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 5)
    before = replace(before, transmission=replace(before.transmission, attempts=6))
    after = sighted(before, Found(RecordState.PRESENT), now(LOOKED_UP, 5)).negativation
    assert after.transmission.due_at == BORN + QUIET


def test_an_accepted_removal_must_have_landed_some_time_after_it_was_sent_not_after_its_receipt() -> None:
    accepted = answered(removing(LOOKED_UP), Accepted(), now(LOOKED_UP, 1)).negativation
    before = held(accepted, LOOKED_UP, Action.POLL, 5.5)
    assert sighted(before, Found(RecordState.PRESENT), now(LOOKED_UP, 6)).negativation.observed is Observed.PRESENT


def test_a_record_seen_in_processing_again_has_no_removal_left_to_wait_for() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 5.5)
    after = sighted(before, Found(RecordState.INCLUDING), now(LOOKED_UP, 6)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.INCLUDING, None)


def test_a_refused_inclusion_has_no_removal_left_to_wait_for() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    after = sighted(before, Found(RecordState.REJECTED), now(LOOKED_UP)).negativation
    assert (after.observed, after.unanswered_removals) == (Observed.REJECTED, None)


def test_a_removal_that_was_not_ours_is_waited_for_from_when_it_was_heard_of() -> None:
    hinted = replace(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 9), unanswered_removals=None, observed_since=t(4))
    early = sighted(hinted, Found(RecordState.PRESENT), now(LOOKED_UP, 9)).negativation
    assert early.observed is Observed.IN_DOUBT_REMOVE
    assert early.transmission.due_at == t(9.5)
    counting = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP, 9.5)
    late = replace(counting, unanswered_removals=None, observed_since=t(4))
    assert sighted(late, Found(RecordState.PRESENT), now(LOOKED_UP, 10)).negativation.observed is Observed.PRESENT


def test_an_inclusion_that_turned_out_refused_is_closed() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP)
    change = sighted(before, Found(RecordState.REJECTED, "id-1", "CPF inválido."), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.REJECTED,
        observed_since=t(1),
        rejection="CPF inválido.",
    )
    assert change.events == (event(EventKind.REJECTED, 1, "CPF inválido."),)


def test_a_refusal_that_is_seen_decides_nothing_while_another_inclusion_could_land() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.4, wanted=True))
    early = sighted(before, Found(RecordState.REJECTED), now(LOOKED_UP, 5.4))
    assert early.negativation.observed is Observed.INCLUDING
    assert early.negativation.transmission.due_at == BORN + QUIET
    assert early.events == (event(EventKind.STILL_PROCESSING, 5.4),)
    later = several(looking(Observed.INCLUDING, LOOKED_UP, 5.5, wanted=True))
    closed = sighted(later, Found(RecordState.REJECTED), now(LOOKED_UP, 6)).negativation
    assert (closed.observed, closed.unanswered_inclusions) == (Observed.REJECTED, None)


def test_a_refusal_of_the_only_inclusion_decides() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, wanted=True)
    after = sighted(before, Found(RecordState.REJECTED), now(LOOKED_UP)).negativation
    assert (after.observed, after.unanswered_inclusions) == (Observed.REJECTED, None)


def test_a_record_that_the_bureau_is_removing_is_no_longer_wanted() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, wanted=True)
    change = sighted(before, Found(RecordState.REMOVING), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.POLL, "due_at": t(1) + SOON, "attempts": 1, "deadline": TODAY},
        observed=Observed.REMOVING,
        observed_since=t(1),
        triggers=(BUREAU,),
    )
    assert change.events == (event(EventKind.STILL_PROCESSING, 1, "o birô está removendo"),)


def test_our_own_removal_is_not_the_bureaus() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    after = sighted(before, Found(RecordState.REMOVING), now(LOOKED_UP)).negativation
    assert (after.triggers, after.unanswered_removals) == (before.triggers, None)


def test_the_bureaus_own_removal_is_told_once() -> None:
    told = RemovalTrigger(RemovalCause.BUREAU, BORN, TODAY)
    before = replace(looking(Observed.REMOVING, LOOKED_UP), triggers=(told,), removal_claims=0)
    assert sighted(before, Found(RecordState.REMOVING), now(LOOKED_UP)).negativation.triggers == (told,)


def test_a_refusal_of_the_removal_that_is_seen_needs_a_person() -> None:
    before = looking(Observed.REMOVING, LOOKED_UP)
    change = sighted(before, Found(RecordState.REMOVAL_REFUSED, "id-1", "Em disputa."), now(LOOKED_UP))
    after = change.negativation
    assert (after.observed, after.unanswered_removals) == (Observed.PRESENT, None)
    assert after.transmission.block is not None
    assert after.transmission.block.code == "remocao_recusada"
    assert change.events[0] == event(EventKind.REMOVAL_REFUSED, 1, "Em disputa.", code="remocao_recusada")


def test_a_record_that_is_gone_closes() -> None:
    before = looking(Observed.REMOVING, LOOKED_UP)
    change = sighted(before, Found(RecordState.GONE), now(LOOKED_UP))
    assert change.negativation == becomes(
        before,
        {"action": Action.CLOSE, "due_at": t(1), "deadline": None},
        observed=Observed.GONE,
        observed_since=t(1),
        unanswered_removals=None,
    )
    assert change.events == (event(EventKind.REMOVED, 1, "removida"),)


def test_a_record_that_the_bureau_removed_by_itself_closes_and_says_so() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, wanted=True)
    change = sighted(before, Found(RecordState.GONE), now(LOOKED_UP))
    assert (change.negativation.observed, change.negativation.triggers) == (Observed.GONE, (BUREAU,))
    assert change.events == (event(EventKind.REMOVED, 1, "removida pelo birô"),)


def test_a_record_that_is_gone_is_not_the_end_while_another_inclusion_could_land() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.4, wanted=True))
    change = sighted(before, Found(RecordState.GONE), now(LOOKED_UP, 5.4))
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE
    assert change.negativation.observed_since == t(5.4)
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert change.negativation.transmission.due_at == BORN + QUIET


def test_an_inclusion_that_is_not_found_in_time_is_sent_again() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, 5.5, wanted=True)
    change = sighted(before, Missing(), now(LOOKED_UP, 6))
    assert change.negativation == becomes(
        before,
        {"action": Action.INCLUDE, "due_at": t(6), "attempts": 0, "last_error": ""},
        observed=Observed.ABSENT,
        observed_since=t(6),
        unanswered_inclusions=None,
    )
    assert change.events == (event(EventKind.NOT_FOUND, 6, "o birô não tem o registro"),)


def test_an_inclusion_that_is_not_found_too_early_is_looked_up_again() -> None:
    before = looking(Observed.IN_DOUBT_INCLUDE, LOOKED_UP, 5.49, wanted=True)
    change = sighted(before, Missing(), now(LOOKED_UP, 6))
    assert change.negativation == becomes(before, {"due_at": t(6.5), "attempts": 2})
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert change.events == (event(EventKind.NOT_FOUND, 6),)


def test_a_removal_in_doubt_whose_record_is_not_found_is_done() -> None:
    before = looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP)
    change = sighted(before, Missing(), now(LOOKED_UP))
    assert (change.negativation.observed, change.negativation.unanswered_removals) == (Observed.GONE, None)
    assert change.events == (event(EventKind.REMOVED, 1, "removida"),)


def test_a_removal_in_doubt_is_looked_up_again_while_another_inclusion_could_land() -> None:
    before = several(looking(Observed.IN_DOUBT_REMOVE, LOOKED_UP))
    change = sighted(before, Missing(), now(LOOKED_UP))
    assert change.negativation == becomes(before, {"due_at": t(1.5), "attempts": 2})
    assert change.negativation.observed is Observed.IN_DOUBT_REMOVE


def test_a_doubtful_removal_that_can_not_be_looked_up_is_sent_again_while_another_inclusion_could_land() -> None:
    before = several(removing(REPEATABLE))
    change = answered(before, Done(ExecutionResult.NOT_FOUND), now(REPEATABLE))
    assert change.negativation.observed is Observed.PRESENT
    assert change.negativation.observed_since == t(1)
    assert change.negativation.transmission.action is Action.REMOVE


def test_an_accepted_inclusion_that_is_not_found_yet_is_waited_for() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.49, wanted=True)
    change = sighted(before, Missing(), now(LOOKED_UP, 5.5))
    assert change.negativation == becomes(before, {"due_at": t(5.5) + SOON, "attempts": 1})
    assert change.events == (event(EventKind.NOT_FOUND, 5.5),)
    early = sighted(before, Missing(), now(LOOKED_UP, 5.4)).negativation
    assert early.transmission.due_at == BORN + QUIET


def test_an_accepted_inclusion_that_is_never_found_needs_a_person() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.5, wanted=True)
    change = sighted(before, Missing(), now(LOOKED_UP, 6))
    told = "O birô aceitou a inclusão e agora não encontra o registro. Confira no portal do birô e diga se ele existe."
    assert change.negativation == becomes(
        before, {"due_at": t(6), "block": Block("registro_sumiu", told, t(6)), "last_error": "registro_sumiu"}
    )
    assert change.events == (event(EventKind.NEEDS_PERSON, 6, told, code="registro_sumiu"),)


def test_an_unwanted_inclusion_that_is_never_found_is_gone() -> None:
    before = looking(Observed.INCLUDING, LOOKED_UP, 5.5)
    change = sighted(before, Missing(), now(LOOKED_UP, 6))
    assert change.negativation.observed is Observed.GONE
    assert change.negativation.triggers[1:] == (replace(BUREAU, at=t(6)),)
    assert change.events == (event(EventKind.REMOVED, 6, "removida"),)


def test_an_unwanted_inclusion_that_is_never_found_is_gone_though_several_were_sent() -> None:
    before = several(looking(Observed.INCLUDING, LOOKED_UP, 5.5))
    assert sighted(before, Missing(), now(LOOKED_UP, 6)).negativation.observed is Observed.GONE


# ------------------------------------------------------------------------------------------------ too late: evidence


def late(
    observed: Observed, action: Action, answer: object, gateway: Capabilities, *, wanted: bool = False
) -> tuple[Negativation, Negativation, tuple[Event, ...]]:
    before = at((observed, WANTED if wanted else UNWANTED), gateway)
    change = answered_late(before, action, answer, now(gateway))  # type: ignore[arg-type]
    return before, change.negativation, change.events


def evidence(action: Action, answer: object) -> Event:
    cause = f"resposta atrasada a {action.value}"
    return event(EventKind.LATE_ANSWER, 1, cause, answer=type(answer).__name__, action=action.value)


@pytest.mark.parametrize("answer", [UNAVAILABLE, LOST, Missing()])
@pytest.mark.parametrize("action", [Action.INCLUDE, Action.REMOVE, Action.LOOK_UP])
@pytest.mark.parametrize("observed", list(Observed))
def test_a_late_answer_that_says_nothing_is_only_kept(observed: Observed, action: Action, answer: object) -> None:
    before, after, events = late(observed, action, answer, LOOKED_UP)
    assert after is before
    assert events == (evidence(action, answer),)


@pytest.mark.parametrize("answer", [Done(bureau_id="id-9"), Accepted("id-9"), Found(RecordState.PRESENT, "id-9")])
def test_what_was_taken_for_absent_is_looked_up_before_it_is_sent_again(answer: Done | Accepted | Found) -> None:
    action = Action.LOOK_UP if isinstance(answer, Found) else Action.INCLUDE
    before, after, events = late(Observed.ABSENT, action, answer, LOOKED_UP, wanted=True)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1)},
        observed=Observed.IN_DOUBT_INCLUDE,
        observed_since=t(1),
        unanswered_inclusions=Unanswered(1, t(1), t(1) + QUIET),
        known_at=t(1),
        bureau_id="id-9",
    )
    assert events == (evidence(action, answer),)


def test_what_the_bureau_once_had_is_not_sent_again_when_it_is_not_found() -> None:
    """It landed, its answer came late, and the bureau removed it by itself: a person decides."""
    _, suspect, _ = late(Observed.ABSENT, Action.INCLUDE, Done(), LOOKED_UP, wanted=True)
    after = sighted(held(suspect, LOOKED_UP, Action.LOOK_UP, 7), Missing(), now(LOOKED_UP, 7)).negativation
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.block is not None
    assert after.transmission.block.code == "registro_sumiu"


def test_a_late_answer_lengthens_the_doubt_it_meets() -> None:
    before, after, _ = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Accepted("id-9"), LOOKED_UP)
    assert after == becomes(
        before,
        {"due_at": t(1)},
        unanswered_inclusions=Unanswered(1, BORN, t(1) + QUIET),
        known_at=t(1),
        bureau_id="id-9",
    )
    long = replace(before, unanswered_inclusions=Unanswered(1, BORN, t(99)))
    kept = answered_late(long, Action.INCLUDE, Done(), now(LOOKED_UP)).negativation
    assert kept.unanswered_inclusions == Unanswered(1, BORN, t(99))


def test_a_late_refusal_of_a_doubtful_inclusion_is_looked_up() -> None:
    before, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, REFUSED, LOOKED_UP)
    assert after == becomes(before, {"due_at": t(1)})
    assert events == (evidence(Action.INCLUDE, REFUSED),)


@pytest.mark.parametrize("answer", [Done(), REFUSED])
def test_an_outcome_that_is_reported_is_polled_for_at_once(answer: Done | Rejected) -> None:
    before, after, _ = late(Observed.INCLUDING, Action.INCLUDE, answer, LOOKED_UP)
    assert after == becomes(before, {"due_at": t(1)})
    assert after.transmission.action is Action.POLL


@pytest.mark.parametrize(
    ("observed", "answer"),
    [
        (Observed.PRESENT, Done()),
        (Observed.PRESENT, Accepted()),
        (Observed.PRESENT, REFUSED),
        (Observed.INCLUDING, Accepted()),
        (Observed.ABSENT, REFUSED),
        (Observed.REJECTED, REFUSED),
        (Observed.GONE, REFUSED),
        (Observed.REMOVING, REFUSED),
    ],
)
def test_a_late_answer_to_an_inclusion_that_confirms_or_is_overtaken_changes_nothing(
    observed: Observed, answer: object
) -> None:
    before, after, events = late(observed, Action.INCLUDE, answer, LOOKED_UP)
    assert replace(after, known_at=before.known_at) == before
    assert events == (evidence(Action.INCLUDE, answer),)


@pytest.mark.parametrize("answer", [Done(), Accepted()])
@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_a_late_inclusion_sends_back_to_look(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.INCLUDE, answer, LOOKED_UP)
    since = BORN if observed is Observed.IN_DOUBT_REMOVE else t(1)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1)},
        observed=Observed.IN_DOUBT_REMOVE,
        observed_since=since,
    )


@pytest.mark.parametrize(
    ("observed", "wanted", "doubt"),
    [
        (Observed.ABSENT, False, Observed.IN_DOUBT_INCLUDE),
        (Observed.REJECTED, True, Observed.IN_DOUBT_INCLUDE),
        (Observed.REJECTED, False, Observed.IN_DOUBT_INCLUDE),
        (Observed.GONE, False, Observed.IN_DOUBT_REMOVE),
    ],
)
@pytest.mark.parametrize("answer", [Done(), Accepted(), Found(RecordState.INCLUDING)])
def test_what_was_closed_and_turns_up_is_open_again_and_to_be_removed(
    observed: Observed, wanted: bool, doubt: Observed, answer: Done | Accepted | Found
) -> None:
    action = Action.LOOK_UP if isinstance(answer, Found) else Action.INCLUDE
    before, after, events = late(observed, action, answer, LOOKED_UP, wanted=wanted)
    assert before.is_closed
    assert (after.observed, after.observed_since) == (doubt, t(1))
    assert after.triggers == (*before.triggers, LATE)
    assert (after.transmission.action, after.transmission.due_at) == (Action.LOOK_UP, t(1))
    assert after.transmission.deadline == TODAY
    assert events == (evidence(action, answer),)


@pytest.mark.parametrize("state", [RecordState.GONE, RecordState.REJECTED])
@pytest.mark.parametrize("observed", [Observed.ABSENT, Observed.REJECTED, Observed.GONE])
def test_a_late_look_that_saw_it_leave_reopens_nothing(observed: Observed, state: RecordState) -> None:
    before, after, _ = late(observed, Action.LOOK_UP, Found(state), LOOKED_UP)
    assert before.is_closed
    assert replace(after, known_at=before.known_at, bureau_id=before.bureau_id) == before


def test_a_late_look_that_saw_it_leave_still_forbids_to_send_it_again() -> None:
    _, after, _ = late(Observed.ABSENT, Action.LOOK_UP, Found(RecordState.GONE), LOOKED_UP, wanted=True)
    assert (after.observed, after.known_at) == (Observed.IN_DOUBT_INCLUDE, t(1))


@pytest.mark.parametrize(
    "observed", [Observed.IN_DOUBT_INCLUDE, Observed.INCLUDING, Observed.PRESENT, Observed.IN_DOUBT_REMOVE]
)
def test_a_late_look_changes_nothing_that_is_looked_at_anyhow(observed: Observed) -> None:
    before, after, _ = late(observed, Action.POLL, Found(RecordState.PRESENT), LOOKED_UP)
    assert replace(after, known_at=before.known_at, bureau_id=before.bureau_id) == before


@pytest.mark.parametrize("answer", [Done(), Accepted(), REFUSED])
@pytest.mark.parametrize(
    "observed", [Observed.PRESENT, Observed.INCLUDING, Observed.IN_DOUBT_REMOVE, Observed.REMOVING]
)
def test_a_late_answer_to_a_removal_sends_back_to_look(observed: Observed, answer: object) -> None:
    before, after, events = late(observed, Action.REMOVE, answer, LOOKED_UP)
    since = BORN if observed is Observed.IN_DOUBT_REMOVE else t(1)
    assert after == becomes(
        before,
        {"action": Action.LOOK_UP, "due_at": t(1), "attempts": before.transmission.attempts},
        observed=Observed.IN_DOUBT_REMOVE,
        observed_since=since,
    )
    assert events == (evidence(Action.REMOVE, answer),)


@pytest.mark.parametrize("answer", [Done(), Done(ExecutionResult.ALREADY_IN_EFFECT), Accepted(), REFUSED])
@pytest.mark.parametrize("observed", [Observed.ABSENT, Observed.IN_DOUBT_INCLUDE, Observed.REJECTED, Observed.GONE])
def test_a_late_already_removed_changes_nothing(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.REMOVE, answer, LOOKED_UP)
    assert after is before


def test_a_late_removal_of_what_is_wanted_changes_nothing() -> None:
    before, after, _ = late(Observed.PRESENT, Action.REMOVE, Done(), LOOKED_UP, wanted=True)
    assert after is before


def test_the_bureaus_id_is_learnt_from_a_late_answer_and_never_replaced() -> None:
    _, after, _ = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Done(bureau_id="id-9"), LOOKED_UP)
    assert after.bureau_id == "id-9"
    _, known, _ = late(Observed.PRESENT, Action.INCLUDE, Done(bureau_id="id-9"), LOOKED_UP)
    assert known.bureau_id == "id-1"


# ------------------------------------------------------------------------------ too late, and nobody can be asked


def test_without_a_look_up_a_late_inclusion_is_believed() -> None:
    before, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Done(), CALLBACK)
    assert (after.observed, after.known_at, after.unanswered_inclusions) == (Observed.PRESENT, t(1), None)
    assert after.transmission.action is Action.REMOVE
    assert events == (evidence(Action.INCLUDE, Done()), event(EventKind.INCLUDED))
    assert after.triggers == before.triggers


def test_without_a_look_up_a_late_receipt_is_believed() -> None:
    _, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, Accepted("id-9"), CALLBACK)
    assert (after.observed, after.bureau_id) == (Observed.INCLUDING, "id-9")
    assert after.transmission.action is Action.AWAIT_CALLBACK
    assert events[1] == event(EventKind.INCLUSION_ACCEPTED)


def test_without_a_look_up_a_late_refusal_is_believed() -> None:
    _, after, events = late(Observed.IN_DOUBT_INCLUDE, Action.INCLUDE, REFUSED, CALLBACK)
    assert (after.observed, after.rejection) == (Observed.REJECTED, "E10: Dados inválidos.")
    assert [each.kind for each in events] == [EventKind.LATE_ANSWER, EventKind.REJECTED]


@pytest.mark.parametrize(
    ("answer", "observed"), [(Done(), Observed.PRESENT), (REFUSED, Observed.REJECTED), (Accepted(), Observed.INCLUDING)]
)
def test_a_callback_tells_the_outcome_of_an_accepted_inclusion(answer: object, observed: Observed) -> None:
    _, after, _ = late(Observed.INCLUDING, Action.INCLUDE, answer, CALLBACK)
    assert after.observed is observed


@pytest.mark.parametrize(
    ("answer", "observed", "count"),
    [(Done(), Observed.PRESENT, 1), (REFUSED, Observed.IN_DOUBT_INCLUDE, 1)],
)
def test_a_callback_leaves_the_other_inclusion_uncounted(answer: object, observed: Observed, count: int) -> None:
    before = several(at((Observed.INCLUDING, WANTED), REPEATABLE))
    after = answered_late(before, Action.INCLUDE, answer, now(REPEATABLE)).negativation  # type: ignore[arg-type]
    assert after.observed is observed
    assert after.unanswered_inclusions == Unanswered(count, BORN, BORN + QUIET)


def test_a_refusal_reported_while_another_inclusion_may_land_leaves_the_doubt() -> None:
    before = several(at((Observed.INCLUDING, WANTED), REPEATABLE))
    change = answered_late(before, Action.INCLUDE, REFUSED, now(REPEATABLE))
    assert change.negativation.observed_since == t(1)
    assert change.negativation.transmission.last_error == "E10"
    assert change.events[1] == event(EventKind.IN_DOUBT, code="E10")


@pytest.mark.parametrize("observed", [Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
@pytest.mark.parametrize("answer", [Done(), Accepted()])
def test_a_late_inclusion_does_not_undo_what_is_known_of_the_removal(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.INCLUDE, answer, CALLBACK)
    assert after == before


def test_a_late_inclusion_from_before_the_removal_is_remembered() -> None:
    before = replace(at((Observed.IN_DOUBT_REMOVE, UNWANTED), CALLBACK), known_at=None)
    after = answered_late(before, Action.INCLUDE, Done(), now(CALLBACK)).negativation
    assert after == replace(before, known_at=t(1))


def test_a_late_inclusion_of_the_record_that_left_changes_nothing() -> None:
    before, after, _ = late(Observed.GONE, Action.INCLUDE, Done(), CALLBACK)
    assert after == before
    by_bureau = replace(before, removal_claims=0, triggers=(BUREAU,))
    assert answered_late(by_bureau, Action.INCLUDE, Done(), now(CALLBACK)).negativation == by_bureau


def test_a_late_inclusion_of_what_a_person_stated_to_be_absent_is_believed() -> None:
    stated = replace(at((Observed.GONE, UNWANTED), CALLBACK), removal_claims=0)
    after = answered_late(stated, Action.INCLUDE, Done(), now(CALLBACK)).negativation
    assert (after.observed, after.transmission.action) == (Observed.PRESENT, Action.REMOVE)
    assert after.triggers[-1] == LATE


@pytest.mark.parametrize("change", [{"known_at": None}, {"inclusion_claims": 2}])
def test_a_late_inclusion_that_may_be_another_one_is_believed(change: dict[str, object]) -> None:
    closed = replace(at((Observed.GONE, UNWANTED), REPEATABLE), **change)  # type: ignore[arg-type]
    after = answered_late(closed, Action.INCLUDE, Done(), now(REPEATABLE)).negativation
    assert after.observed is Observed.PRESENT


def test_a_second_inclusion_after_one_that_was_not_executed_is_the_only_one() -> None:
    closed = replace(at((Observed.GONE, UNWANTED), CALLBACK), inclusion_claims=2)
    assert answered_late(closed, Action.INCLUDE, Done(), now(CALLBACK)).negativation == closed


def test_a_mere_receipt_of_what_was_closed_is_in_doubt_not_awaited_for_ever() -> None:
    stated = replace(at((Observed.GONE, UNWANTED), CALLBACK), removal_claims=0)
    change = answered_late(stated, Action.INCLUDE, Accepted(), now(CALLBACK))
    after = change.negativation
    assert (after.observed, after.transmission.action) == (Observed.IN_DOUBT_REMOVE, Action.ASK_PERSON)
    assert after.unanswered_inclusions is None
    assert change.events == (evidence(Action.INCLUDE, Accepted()),)
    cancelled = answered_late(at((Observed.ABSENT, UNWANTED), CALLBACK), Action.INCLUDE, Accepted(), now(CALLBACK))
    assert cancelled.negativation.observed is Observed.IN_DOUBT_INCLUDE
    assert cancelled.negativation.unanswered_inclusions == Unanswered(1, t(1), t(1) + QUIET)


def test_a_receipt_that_comes_after_the_refusal_changes_nothing() -> None:
    before, after, _ = late(Observed.REJECTED, Action.INCLUDE, Accepted(), CALLBACK)
    assert replace(after, known_at=None) == before


def test_an_inclusion_that_comes_after_the_refusal_is_believed() -> None:
    _, after, _ = late(Observed.REJECTED, Action.INCLUDE, Done(), CALLBACK)
    assert after.observed is Observed.PRESENT
    several_sent = replace(at((Observed.REJECTED, WANTED), REPEATABLE), inclusion_claims=2)
    receipt = answered_late(several_sent, Action.INCLUDE, Accepted(), now(REPEATABLE)).negativation
    assert receipt.observed is Observed.IN_DOUBT_INCLUDE


@pytest.mark.parametrize("observed", [Observed.PRESENT, Observed.IN_DOUBT_REMOVE, Observed.REMOVING])
def test_without_a_look_up_a_late_removal_is_believed(observed: Observed) -> None:
    _, after, events = late(observed, Action.REMOVE, Done(), CALLBACK)
    assert (after.observed, after.unanswered_removals) == (Observed.GONE, None)
    assert events == (evidence(Action.REMOVE, Done()), event(EventKind.REMOVED, 1, "removida"))


def test_a_callback_that_refuses_a_removal_needs_a_person() -> None:
    for observed in (Observed.IN_DOUBT_REMOVE, Observed.REMOVING):
        _, after, _ = late(observed, Action.REMOVE, REFUSED, CALLBACK)
        assert after.observed is Observed.PRESENT
        assert after.transmission.block is not None


def test_a_late_receipt_of_a_removal_is_believed_where_only_one_was_sent() -> None:
    _, after, _ = late(Observed.IN_DOUBT_REMOVE, Action.REMOVE, Accepted(), CALLBACK)
    assert (after.observed, after.transmission.action) == (Observed.REMOVING, Action.AWAIT_CALLBACK)
    before, same, _ = late(Observed.IN_DOUBT_REMOVE, Action.REMOVE, Accepted(), INSISTENT)
    assert same is before


@pytest.mark.parametrize(
    ("observed", "answer"),
    [
        (Observed.REMOVING, Accepted()),
        (Observed.PRESENT, Accepted()),
        (Observed.PRESENT, REFUSED),
        (Observed.INCLUDING, Accepted()),
        (Observed.INCLUDING, REFUSED),
    ],
)
def test_a_late_answer_to_a_removal_that_adds_nothing_changes_nothing(observed: Observed, answer: object) -> None:
    before, after, _ = late(observed, Action.REMOVE, answer, CALLBACK)
    assert after is before


def test_one_refusal_of_two_removals_leaves_the_doubt() -> None:
    before = claimed(at((Observed.IN_DOUBT_REMOVE, UNWANTED), NATURAL), NATURAL)
    change = answered_late(before, Action.REMOVE, REFUSED, now(NATURAL))
    after = change.negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE
    assert after.unanswered_removals is not None
    assert after.unanswered_removals.count == 1
    assert after.transmission.claim == before.transmission.claim
    assert change.events == (evidence(Action.REMOVE, REFUSED), event(EventKind.IN_DOUBT, code="E10"))


def test_a_late_not_found_speaks_of_when_the_removal_was_sent() -> None:
    """It was asked before the inclusion could land no more, and is stored after: it concludes nothing."""
    doubtful = at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    sent = answered(claimed(doubtful, NATURAL, 2), LOST, now(NATURAL, 2)).negativation
    after = answered_late(sent, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 9)).negativation
    assert after.observed is Observed.IN_DOUBT_INCLUDE
    assert after.transmission.action is Action.REMOVE
    in_time = answered(claimed(after, NATURAL, 10), Done(ExecutionResult.NOT_FOUND), now(NATURAL, 10)).negativation
    assert in_time.is_closed


def test_a_late_removal_whose_instant_nobody_knows_is_taken_for_the_oldest() -> None:
    before = replace(several(at((Observed.PRESENT, UNWANTED), REPEATABLE)), removal_claims=1)
    after = answered_late(before, Action.REMOVE, Done(), now(REPEATABLE, 9)).negativation
    assert after.observed is Observed.IN_DOUBT_REMOVE


def test_a_late_removal_sent_when_no_other_inclusion_could_land_is_the_end() -> None:
    sent = claimed(several(at((Observed.PRESENT, UNWANTED), REPEATABLE)), REPEATABLE, 5.5)
    free = answered(sent, LOST, now(REPEATABLE, 6)).negativation
    assert answered_late(free, Action.REMOVE, Done(), now(REPEATABLE, 9)).negativation.observed is Observed.GONE


def test_a_late_not_found_of_the_oldest_removal_counts_for_its_own_instant_after_another_answered() -> None:
    doubtful = at((Observed.IN_DOUBT_INCLUDE, UNWANTED), NATURAL)
    first = answered(claimed(doubtful, NATURAL, 2), LOST, now(NATURAL, 2)).negativation
    second = claimed(first, NATURAL, 3)
    told = answered(second, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 3)).negativation
    third = claimed(told, NATURAL, 8)
    assert third.unanswered_removals is not None
    assert third.unanswered_removals.since == t(2)
    unknown = answered(third, LOST, now(NATURAL, 8)).negativation
    assert not answered_late(unknown, Action.REMOVE, Done(ExecutionResult.NOT_FOUND), now(NATURAL, 9)).negativation.is_closed


# ------------------------------------------------------------------------------------------------ overtaken


OVERTAKEN = "o birô já havia informado o resultado"


@pytest.mark.parametrize("answer", [Accepted(), REFUSED, UNAVAILABLE, LOST])
def test_what_a_callback_told_of_an_inclusion_stands_against_the_slower_answer(answer: object) -> None:
    told = answered_late(including(CALLBACK), Action.INCLUDE, Done(), now(CALLBACK, 0)).negativation
    assert (told.observed, told.transmission.claim is None) == (Observed.PRESENT, False)
    change = answered(told, answer, now(CALLBACK))  # type: ignore[arg-type]
    assert change.negativation == becomes(told, {"due_at": t(1)})
    detail = {"answer": type(answer).__name__, "action": "include"}
    assert change.events == (event(EventKind.LATE_ANSWER, 1, OVERTAKEN, **detail),)


@pytest.mark.parametrize("answer", [Accepted(), REFUSED, UNAVAILABLE, STILL_PROCESSING, LOST])
def test_what_a_callback_told_of_a_removal_stands_against_the_slower_answer(answer: object) -> None:
    told = answered_late(removing(CALLBACK), Action.REMOVE, Done(), now(CALLBACK, 0)).negativation
    assert told.observed is Observed.GONE
    change = answered(told, answer, now(CALLBACK))  # type: ignore[arg-type]
    assert change.negativation == becomes(told, {"due_at": t(1)})
    assert change.negativation.transmission.action is Action.CLOSE


def test_done_adds_to_what_a_callback_told() -> None:
    refused = answered_late(removing(CALLBACK), Action.REMOVE, REFUSED, now(CALLBACK, 0)).negativation
    change = answered(refused, Done(), now(CALLBACK))
    assert change.negativation.observed is Observed.GONE
    assert change.negativation.transmission.claim is None
    assert change.events[0] == evidence(Action.REMOVE, Done())


def test_an_inclusion_in_time_after_a_refusal_by_callback_stands() -> None:
    refused = answered_late(including(CALLBACK), Action.INCLUDE, REFUSED, now(CALLBACK, 0)).negativation
    assert refused.observed is Observed.REJECTED
    kept = answered(refused, Accepted(), now(CALLBACK)).negativation
    assert kept.observed is Observed.REJECTED


def test_the_moment_has_sensible_defaults() -> None:
    moment = Moment(BORN, TODAY, LOOKED_UP)
    assert (moment.jitter, moment.notice_days) == (0.5, 10)


def test_a_look_up_whose_answer_is_not_understood_keeps_what_was_answered() -> None:
    looking = held(at((Observed.IN_DOUBT_INCLUDE, WANTED), LOOKED_UP), LOOKED_UP, Action.LOOK_UP)
    odd = Unknown("resposta_nao_entendida", "Resposta não entendida.", "GET /v1/negativacoes 200 <html>")

    change = unseen(looking, odd, now(LOOKED_UP))
    late = answered_late(looking, Action.INCLUDE, odd, now(LOOKED_UP))

    assert change.events[0].detail == {
        "code": "resposta_nao_entendida",
        "transcript": "GET /v1/negativacoes 200 <html>",
    }
    assert late.events[0].detail["transcript"] == "GET /v1/negativacoes 200 <html>"
