"""Wanting a record gone, and the one way back (rules 4, 5 and 10)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.errors import Conflict, CreditProtectionError, InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Change, Claim, Negativation, Unanswered
from credit_protection.domain.reasons import LABELS, RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalPolicy, RemovalTrigger
from credit_protection.domain.removals import (
    apply_settlement_statuses,
    attest_absent,
    bureau_says_removed,
    delete,
    may_take_effect_until,
    request_removal,
    withdraw,
)
from credit_protection.domain.settlements import InvoiceOutcome, InvoiceSettlementStatus
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.testing.strategies import NOW, TODAY, negativations
from tests.domain.message_checks import assert_says_what_to_do
from tests.domain.test_negativations import BLOCK, BY_BUREAU, BY_PERSON, BY_SETTLEMENT, ONE, SPC, in_state

CALENDAR = BusinessCalendar()
POLICY = RemovalPolicy()
LATER = NOW + timedelta(hours=1)
MONDAY, WEDNESDAY = date(2026, 9, 14), date(2026, 9, 16)
PAID = {"1001": InvoiceSettlementStatus(InvoiceOutcome.PAID, MONDAY)}
PAID_LATER = {"1001": InvoiceSettlementStatus(InvoiceOutcome.PAID, WEDNESDAY)}
AGREED = {"1001": InvoiceSettlementStatus(InvoiceOutcome.RENEGOTIATED, MONDAY)}
CANCELLED = {"1001": InvoiceSettlementStatus(InvoiceOutcome.CANCELLED, MONDAY)}
OWED = {"1001": InvoiceSettlementStatus(InvoiceOutcome.OWED)}
BLIND = replace(SPC, find=False)

PRESENT = in_state(Observed.PRESENT, known_at=NOW, inclusion_claims=1)
CLOSED = [in_state(Observed.GONE, BY_PERSON), in_state(Observed.REJECTED), in_state(Observed.ABSENT, BY_PERSON)]


def applied(
    negativation: Negativation, statuses: Mapping[str, InvoiceSettlementStatus], policy: RemovalPolicy = POLICY
) -> Change:
    return apply_settlement_statuses(negativation, statuses, policy, CALENDAR, SPC, LATER)


def deleted(
    negativation: Negativation = PRESENT,
    reason: RemovalReason | None = None,
    attestation: str = "",
    statuses: Mapping[str, InvoiceSettlementStatus] = OWED,
    today: date = TODAY,
) -> Change:
    return delete(
        negativation,
        actor_id="u1",
        reason=reason,
        attestation=attestation,
        statuses=statuses,
        deletion_days=2,
        today=today,
        calendar=CALENDAR,
        capabilities=SPC,
        now=LATER,
    )


def kinds(change: Change) -> list[EventKind]:
    return [event.kind for event in change.events]


# ------------------------------------------------------------------------------------------------ wanting it gone


def test_trigger_queues_the_removal() -> None:
    change = request_removal(PRESENT, BY_SETTLEMENT, SPC, LATER)

    assert change.negativation == replace(
        PRESENT,
        triggers=(BY_SETTLEMENT,),
        transmission=replace(PRESENT.transmission, action=Action.REMOVE, due_at=LATER, deadline=BY_SETTLEMENT.deadline),
    )
    assert change.events == (
        Event(
            EventKind.REMOVAL_WANTED,
            "n1",
            LATER,
            None,
            "",
            {"cause": "settlement", "deadline": "2026-09-21"},
        ),
    )


def test_event_has_actor_and_note() -> None:
    trigger = replace(BY_PERSON, note="engano nosso")
    (event,) = request_removal(PRESENT, trigger, SPC, LATER).events

    assert (event.actor_id, event.cause) == ("u1", "engano nosso")
    assert event.detail == {"cause": "person", "deadline": "2026-09-17"}


def test_unsent_record_is_cancelled_without_a_call() -> None:
    change = request_removal(ONE, BY_PERSON, SPC, LATER)

    assert change.negativation.is_closed
    assert change.negativation.transmission.action is Action.CLOSE
    assert change.negativation.transmission.deadline is None
    assert change.events[1] == Event(EventKind.CANCELLED, "n1", LATER, "u1", "cancelada antes do envio")
    assert kinds(change) == [EventKind.REMOVAL_WANTED, EventKind.CANCELLED]


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_record_is_unchanged(closed: Negativation) -> None:
    assert request_removal(closed, BY_SETTLEMENT, SPC, LATER) == Change(closed)
    assert applied(closed, PAID) == Change(closed)
    assert bureau_says_removed(closed, SPC, today=TODAY, now=LATER) == Change(closed)


def test_second_trigger_is_added_and_keeps_the_due_instant() -> None:
    first = request_removal(PRESENT, BY_PERSON, SPC, NOW).negativation
    change = request_removal(first, BY_SETTLEMENT, SPC, LATER)

    assert change.negativation.triggers == (BY_PERSON, BY_SETTLEMENT)
    assert change.negativation.transmission.due_at == NOW
    assert change.negativation.transmission.deadline == BY_PERSON.deadline


def test_trigger_replaces_one_of_the_same_cause() -> None:
    agreement = RemovalTrigger(RemovalCause.AGREEMENT, LATER, date(2026, 9, 22))
    guard = RemovalTrigger(RemovalCause.GUARD, LATER, TODAY)
    first = request_removal(
        request_removal(PRESENT, guard, SPC, NOW).negativation, BY_SETTLEMENT, SPC, NOW
    ).negativation

    assert request_removal(first, agreement, SPC, LATER).negativation.triggers == (guard, agreement)
    again = replace(guard, at=LATER)
    assert request_removal(first, again, SPC, LATER).negativation.triggers == (BY_SETTLEMENT, again)


def test_running_lease_stays_with_its_worker() -> None:
    claim = Claim(Action.INCLUDE, "w", NOW, LATER, 1)
    leased = replace(
        in_state(Observed.IN_DOUBT_INCLUDE, inclusion_claims=1),
        transmission=replace(in_state(Observed.IN_DOUBT_INCLUDE).transmission, claim=claim, fence=1),
    )
    change = request_removal(leased, BY_PERSON, SPC, LATER)

    assert change.negativation.transmission.claim == claim
    assert change.negativation.transmission.action is Action.LOOK_UP
    assert not change.negativation.is_closed


# ------------------------------------------------------------------------------------------------ paid means going


def test_payment_removes() -> None:
    change = applied(PRESENT, PAID)

    assert change.negativation.triggers == (RemovalTrigger(RemovalCause.SETTLEMENT, LATER, date(2026, 9, 21)),)
    assert kinds(change) == [EventKind.REMOVAL_WANTED]
    assert applied(PRESENT, OWED) == Change(PRESENT)


def test_applying_settlement_statuses_is_idempotent() -> None:
    once = applied(PRESENT, PAID).negativation
    assert apply_settlement_statuses(once, PAID, POLICY, CALENDAR, SPC, LATER + timedelta(days=1)) == Change(once)


def test_reversal_withdraws_the_removal_that_was_never_claimed() -> None:
    change = applied(applied(PRESENT, PAID).negativation, OWED)

    assert change.negativation.desired is Desired.INCLUDED
    assert change.negativation.transmission.action is Action.NOTHING
    assert change.events == (
        Event(
            EventKind.REMOVAL_WITHDRAWN,
            "n1",
            LATER,
            None,
            "estorno da baixa",
            {"cause": "settlement"},
        ),
    )


def test_reversal_withdraws_only_the_settlement_trigger() -> None:
    twice = request_removal(applied(PRESENT, PAID).negativation, BY_PERSON, SPC, LATER).negativation
    assert applied(twice, OWED).negativation.triggers == (BY_PERSON,)


def test_reversal_after_a_claimed_removal_changes_nothing() -> None:
    claimed = replace(applied(PRESENT, PAID).negativation, removal_claims=1)
    assert applied(claimed, OWED) == Change(claimed)


def test_later_payment_moves_the_deadline_until_a_removal_was_claimed() -> None:
    once = applied(PRESENT, PAID).negativation
    moved = apply_settlement_statuses(once, PAID_LATER, POLICY, CALENDAR, SPC, LATER + timedelta(days=1))

    assert moved.negativation.triggers == (RemovalTrigger(RemovalCause.SETTLEMENT, LATER, date(2026, 9, 23)),)
    assert moved.negativation.transmission.deadline == date(2026, 9, 23)
    assert kinds(moved) == [EventKind.REMOVAL_WANTED]
    claimed = replace(once, removal_claims=1)
    assert applied(claimed, PAID_LATER) == Change(claimed)


def test_earlier_payment_always_moves_the_deadline_earlier() -> None:
    late = replace(applied(PRESENT, PAID_LATER).negativation, removal_claims=1)
    assert applied(late, PAID).negativation.deadline == date(2026, 9, 21)


def test_agreement_that_is_then_paid_becomes_a_settlement() -> None:
    agreed = applied(PRESENT, AGREED).negativation
    paid = applied(agreed, PAID).negativation

    assert [trigger.cause for trigger in agreed.triggers] == [RemovalCause.AGREEMENT]
    assert [trigger.cause for trigger in paid.triggers] == [RemovalCause.SETTLEMENT]


statuses = st.builds(
    lambda outcome, ago: {
        "1001": InvoiceSettlementStatus(outcome, TODAY - timedelta(days=ago) if outcome.is_settled else None)
    },
    st.sampled_from(InvoiceOutcome),
    st.integers(0, 30),
)


@given(negativations(), statuses)
def test_settled_record_is_desired_removed(
    negativation: Negativation, statuses: dict[str, InvoiceSettlementStatus]
) -> None:
    change = applied(negativation, statuses)
    after = change.negativation

    if negativation.is_closed:
        assert change == Change(negativation)
        return
    if statuses["1001"].outcome.is_settled:
        assert after.desired is Desired.REMOVED
    if negativation.desired is Desired.REMOVED and after.desired is Desired.INCLUDED:
        assert negativation.removal_claims == 0
        assert all(trigger.is_settlement for trigger in negativation.triggers)
    assert after.is_closed or after.transmission.is_open or after.desired is Desired.INCLUDED
    assert replace(after, triggers=negativation.triggers, transmission=negativation.transmission) == negativation
    assert applied(after, statuses) == Change(after)
    assert all(event.at == LATER and event.negativation_id == negativation.id for event in change.events)


# ------------------------------------------------------------------------------------------------ a person deletes


def test_deleting_without_a_reason_means_the_creditors_request() -> None:
    change = deleted()
    (trigger,) = change.negativation.triggers

    assert trigger == RemovalTrigger(
        RemovalCause.PERSON,
        LATER,
        date(2026, 9, 17),
        "u1",
        RemovalReason.CREDITOR_REQUEST,
        "solicitação do credor",
    )
    assert change.events[0].actor_id == "u1"
    assert change.events[0].cause == "solicitação do credor"


@pytest.mark.parametrize("reason", [each for each in RemovalReason if each is not RemovalReason.PAYMENT])
def test_any_reason_but_payment_can_be_chosen_freely(reason: RemovalReason) -> None:
    (trigger,) = deleted(reason=reason).negativation.triggers
    court = reason is RemovalReason.COURT_ORDER

    assert trigger.reason is reason
    assert trigger.note == LABELS[reason]
    assert trigger.cause is (RemovalCause.COURT if court else RemovalCause.PERSON)
    assert trigger.deadline == (TODAY if court else date(2026, 9, 17))


def test_payment_needs_a_settlement_of_all_invoices_or_an_attestation() -> None:
    for lacking in (OWED, {}, {**PAID, "1002": OWED["1001"]}):
        for blank in ("", "  "):
            with pytest.raises(RuleViolation, match="Não há baixa registrada"):
                deleted(reason=RemovalReason.PAYMENT, statuses=lacking, attestation=blank)
    with pytest.raises(RuleViolation) as caught:
        deleted(reason=RemovalReason.PAYMENT)
    assert caught.value.code == "pagamento_sem_baixa"
    assert caught.value.message == (
        "Não há baixa registrada para todas as faturas. Para usar o motivo pagamento, registre uma declaração dizendo "
        "como o pagamento foi comprovado."
    )
    assert_says_what_to_do(caught.value.message)

    (settled,) = deleted(reason=RemovalReason.PAYMENT, statuses=PAID).negativation.triggers
    (attested,) = deleted(reason=RemovalReason.PAYMENT, attestation="  comprovante 123 ").negativation.triggers
    assert (settled.reason, settled.note) == (None, "pagamento")  # the claim decides: it may be reversed by then
    assert (attested.reason, attested.note) == (RemovalReason.PAYMENT, "comprovante 123")


@pytest.mark.parametrize("closed", CLOSED)
def test_there_is_nothing_to_delete_on_a_closed_record(closed: Negativation) -> None:
    with pytest.raises(Conflict) as caught:
        deleted(closed)

    assert caught.value.code == "ja_encerrada"
    assert caught.value.message == "Esta negativação já está encerrada: não há o que apagar."


def test_record_still_processed_is_deleted_after_its_inclusion() -> None:
    after = deleted(in_state(Observed.INCLUDING, inclusion_claims=1)).negativation
    assert after.desired is Desired.REMOVED
    assert after.transmission.action is Action.POLL


def test_deletion_term_is_a_setting() -> None:
    change = delete(
        PRESENT,
        actor_id="u1",
        reason=None,
        attestation="",
        statuses=OWED,
        deletion_days=4,
        today=TODAY,
        calendar=BusinessCalendar(frozenset({WEDNESDAY})),
        capabilities=SPC,
        now=LATER,
    )
    assert change.negativation.deadline == date(2026, 9, 22)


def test_second_deletion_does_not_postpone_the_deadline() -> None:
    first = deleted().negativation
    again = deleted(first, today=TODAY + timedelta(days=7)).negativation
    judged = deleted(first, reason=RemovalReason.COURT_ORDER).negativation

    assert len(again.triggers) == 1
    assert again.deadline == again.triggers[0].deadline == first.deadline == date(2026, 9, 17)
    assert deleted(first, today=MONDAY).negativation.deadline == date(2026, 9, 16)
    assert judged.deadline == TODAY


def test_repeated_callback_does_not_postpone_the_deadline() -> None:
    first = bureau_says_removed(PRESENT, SPC, today=TODAY, now=NOW).negativation
    again = bureau_says_removed(first, SPC, today=TODAY + timedelta(days=7), now=LATER).negativation
    assert again.deadline == first.deadline == TODAY


# ------------------------------------------------------------------------------------------------ taking it back


NOT_YOURS = (
    "A remoção não pode ser desfeita: há uma baixa ou outro motivo que não depende de você. Se a baixa foi um engano, "
    "estorne-a no ERP."
)
ALREADY_SENT = (
    "A remoção já foi enviada ao birô e não pode ser desfeita. Se a dívida continua, peça uma nova negativação."
)


def test_person_withdraws_a_deletion() -> None:
    change = withdraw(deleted().negativation, actor_id="u2", capabilities=SPC, now=LATER)

    assert change.negativation.triggers == ()
    assert change.negativation.transmission.action is Action.NOTHING
    assert change.events == (Event(EventKind.REMOVAL_WITHDRAWN, "n1", LATER, "u2", "desfeita por pessoa"),)


@pytest.mark.parametrize(
    ("negativation", "kind", "code", "message"),
    [
        (
            CLOSED[0],
            Conflict,
            "ja_encerrada",
            "Esta negativação já está encerrada: a remoção não pode ser desfeita.",
        ),
        (PRESENT, Conflict, "nada_a_desfazer", "Não há remoção pedida para desfazer."),
        (
            in_state(Observed.PRESENT, BY_PERSON, BY_SETTLEMENT),
            RuleViolation,
            "remocao_com_motivo",
            NOT_YOURS,
        ),
        (
            in_state(Observed.PRESENT, BY_BUREAU),
            RuleViolation,
            "remocao_com_motivo",
            NOT_YOURS,
        ),
        (
            in_state(Observed.PRESENT, BY_PERSON, removal_claims=1),
            RuleViolation,
            "remocao_ja_enviada",
            ALREADY_SENT,
        ),
    ],
)
def test_other_removals_can_not_be_withdrawn(
    negativation: Negativation, kind: type[CreditProtectionError], code: str, message: str
) -> None:
    with pytest.raises(kind) as caught:
        withdraw(negativation, actor_id="u1", capabilities=SPC, now=LATER)

    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.message) == (code, message)


@given(negativations())
def test_removal_is_withdrawn_if_and_only_if_only_persons_requested_it_and_none_was_claimed(
    negativation: Negativation,
) -> None:
    by_person = bool(negativation.triggers) and all(each.actor_id is not None for each in negativation.triggers)
    if not negativation.is_closed and by_person and negativation.removal_claims == 0:
        after = withdraw(negativation, actor_id="u1", capabilities=SPC, now=LATER).negativation
        assert after.desired is Desired.INCLUDED
        assert after.observed is negativation.observed
    elif negativation.observed not in {Observed.IN_DOUBT_REMOVE, Observed.REMOVING} or not by_person:
        with pytest.raises((Conflict, RuleViolation)):
            withdraw(negativation, actor_id="u1", capabilities=SPC, now=LATER)


# ------------------------------------------------------------------------------------------------ the bureau's hint


def test_hint_is_looked_up_before_it_closes() -> None:
    change = bureau_says_removed(PRESENT, SPC, today=TODAY, now=LATER)
    after = change.negativation

    assert after.triggers == (RemovalTrigger(RemovalCause.BUREAU, LATER, TODAY),)
    assert (after.observed, after.observed_since) == (Observed.IN_DOUBT_REMOVE, LATER)
    assert after.transmission.action is Action.LOOK_UP
    assert after.transmission.due_at == LATER
    assert change.events == (Event(EventKind.BUREAU_SAYS_REMOVED, "n1", LATER, None, "informado pelo birô"),)


OPEN = [
    Observed.IN_DOUBT_INCLUDE,
    Observed.INCLUDING,
    Observed.PRESENT,
    Observed.IN_DOUBT_REMOVE,
    Observed.REMOVING,
]


@pytest.mark.parametrize("observed", OPEN)
@pytest.mark.parametrize("known_at", [None, NOW])
def test_hint_is_trusted_if_the_gateway_can_not_look_up(observed: Observed, known_at: datetime | None) -> None:
    open_one = in_state(
        observed,
        BY_PERSON,
        gateway=BLIND,
        known_at=known_at,
        inclusion_claims=1,
        unanswered_inclusions=Unanswered(1, NOW, LATER),
    )
    change = bureau_says_removed(open_one, BLIND, today=TODAY, now=LATER)
    after = change.negativation

    assert (after.observed, after.observed_since) == (Observed.GONE, LATER)
    assert after.known_at == (known_at or LATER)
    assert after.unanswered_inclusions is None
    assert after.triggers == (BY_PERSON, RemovalTrigger(RemovalCause.BUREAU, LATER, TODAY))
    assert after.transmission.action is Action.CLOSE
    assert change.events[1] == Event(EventKind.REMOVED, "n1", LATER, None, "informado pelo birô")
    assert kinds(change) == [EventKind.BUREAU_SAYS_REMOVED, EventKind.REMOVED]


@pytest.mark.parametrize("observed", OPEN)
def test_hint_is_not_trusted_after_two_inclusions(observed: Observed) -> None:
    repeating = replace(BLIND, include_is_repeatable=True)
    twice = in_state(observed, BY_PERSON, gateway=repeating, known_at=NOW, inclusion_claims=2)
    after = bureau_says_removed(twice, repeating, today=TODAY, now=LATER).negativation

    assert after.observed is (Observed.IN_DOUBT_REMOVE if observed is Observed.PRESENT else observed)
    assert not after.is_closed


@pytest.mark.parametrize("observed", [each for each in OPEN if each is not Observed.PRESENT])
def test_hint_about_a_record_in_process_waits_for_the_lookup(observed: Observed) -> None:
    under_way = in_state(observed, BY_PERSON, known_at=NOW, inclusion_claims=1)
    after = bureau_says_removed(under_way, SPC, today=TODAY, now=LATER).negativation

    assert after.desired is Desired.REMOVED
    assert (after.observed, after.observed_since) == (observed, NOW)
    assert after.transmission.action is under_way.transmission.action


def test_hint_about_an_unsent_record_changes_nothing() -> None:
    assert bureau_says_removed(ONE, SPC, today=TODAY, now=LATER) == Change(ONE)
    adopted = in_state(Observed.PRESENT, known_at=NOW)
    assert bureau_says_removed(adopted, SPC, today=TODAY, now=LATER).negativation.desired is Desired.REMOVED
    claimed = in_state(Observed.ABSENT, inclusion_claims=1)
    assert bureau_says_removed(claimed, SPC, today=TODAY, now=LATER).negativation.is_closed


def test_repeated_hint_adds_one_trigger() -> None:
    first = bureau_says_removed(PRESENT, SPC, today=TODAY, now=NOW).negativation
    after = bureau_says_removed(first, SPC, today=TODAY, now=LATER).negativation
    assert [trigger.cause for trigger in after.triggers] == [RemovalCause.BUREAU]


# ------------------------------------------------------------------------------------------------ a person states


def stated(negativation: Negativation, why: str = "consulta no portal", now: datetime = LATER) -> Change:
    return attest_absent(negativation, actor_id="u1", remark=why, today=TODAY, capabilities=SPC, now=now)


def test_person_attests_absence() -> None:
    unanswered = Unanswered(2, NOW, LATER)
    doubtful = in_state(
        Observed.IN_DOUBT_INCLUDE,
        BY_SETTLEMENT,
        inclusion_claims=2,
        unanswered_inclusions=unanswered,
        unanswered_removals=unanswered,
    )
    change = stated(doubtful, " consulta no portal ")
    after = change.negativation

    assert after.triggers == (
        BY_SETTLEMENT,
        RemovalTrigger(RemovalCause.PERSON, LATER, TODAY, "u1", None, "consulta no portal"),
    )
    assert (after.observed, after.observed_since) == (Observed.GONE, LATER)
    assert (after.unanswered_inclusions, after.unanswered_removals) == (None, None)
    assert after.transmission.action is Action.CLOSE
    assert after.transmission.due_at == LATER
    assert change.events == (Event(EventKind.ATTESTED_ABSENT, "n1", LATER, "u1", "consulta no portal"),)


def test_attestation_waits_while_a_request_could_take_effect() -> None:
    quiet = NOW + SPC.quiet_period
    sent = in_state(Observed.IN_DOUBT_INCLUDE, inclusion_claims=1, unanswered_inclusions=Unanswered(1, NOW, LATER))
    received = in_state(Observed.INCLUDING, inclusion_claims=1, known_at=NOW)
    both = replace(received, unanswered_inclusions=Unanswered(1, NOW, quiet + timedelta(seconds=1)))

    assert may_take_effect_until(PRESENT, SPC) is None
    for waiting, until in ((sent, LATER), (received, quiet), (both, quiet + timedelta(seconds=1))):
        assert may_take_effect_until(waiting, SPC) == until
        with pytest.raises(Conflict) as caught:
            stated(waiting, now=until - timedelta(microseconds=1))
        assert caught.value.code == "envio_pode_chegar"
        assert caught.value.context == {"until": until.isoformat()}
        assert caught.value.message == (
            "Um envio anterior ainda pode chegar ao birô. Espere o prazo de processamento dele e confira de novo."
        )
        assert_says_what_to_do(caught.value.message)
        assert stated(waiting, now=until).negativation.observed is Observed.GONE


def test_attestation_about_an_unsent_record_cancels_it() -> None:
    assert stated(ONE).negativation.observed is Observed.ABSENT
    assert stated(ONE).negativation.is_closed
    assert stated(in_state(Observed.PRESENT, known_at=NOW)).negativation.observed is Observed.GONE


def test_blocked_record_can_be_attested_absent() -> None:
    after = stated(replace(PRESENT, transmission=replace(PRESENT.transmission, block=BLOCK))).negativation

    assert after.is_closed
    assert after.transmission.block is None


@pytest.mark.parametrize(
    ("negativation", "remark", "kind", "code", "field", "message"),
    [
        (CLOSED[0], "x", Conflict, "ja_encerrada", None, "Esta negativação já está encerrada."),
        (
            replace(PRESENT, transmission=replace(PRESENT.transmission, claim=Claim(Action.POLL, "w", NOW, LATER, 1))),
            "x",
            Conflict,
            "envio_em_andamento",
            None,
            "Há um envio em andamento. Espere terminar e confira de novo.",
        ),
        (
            PRESENT,
            " \n",
            InvalidInput,
            "declaracao_obrigatoria",
            "remark",
            "Diga como foi comprovado que o birô não tem o registro.",
        ),
    ],
)
def test_attestation_needs_a_remark_and_no_running_call(
    negativation: Negativation,
    remark: str,
    kind: type[CreditProtectionError],
    code: str,
    field: str | None,
    message: str,
) -> None:
    with pytest.raises(kind) as caught:
        stated(negativation, remark)

    assert (caught.value.code, caught.value.message) == (code, message)
    assert getattr(caught.value, "field", None) == field


@given(negativations())
def test_attestation_closes_once_nothing_can_take_effect(negativation: Negativation) -> None:
    if negativation.is_closed or negativation.transmission.claim is not None:
        return
    after = stated(negativation, now=NOW + timedelta(days=2)).negativation
    assert after.is_closed
    assert not after.transmission.is_open


def test_change_of_desired_drops_the_block() -> None:
    blocked = in_state(Observed.IN_DOUBT_INCLUDE, inclusion_claims=1)
    blocked = replace(blocked, transmission=replace(blocked.transmission, block=BLOCK))
    wanted = request_removal(blocked, BY_PERSON, SPC, LATER).negativation
    again = replace(wanted, transmission=replace(wanted.transmission, block=BLOCK))

    assert wanted.transmission.block is None
    assert request_removal(again, BY_SETTLEMENT, SPC, LATER).negativation.transmission.block == BLOCK
