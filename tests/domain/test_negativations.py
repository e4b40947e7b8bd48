"""The table of section 6.2, cell by cell and for every gateway; the transmission; the operator's status."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Capabilities, Registry, RemovalKey
from credit_protection.domain.documents import Cpf
from credit_protection.domain.money import Money, total
from credit_protection.domain.negativations import (
    STOPPED_BY_PERSON,
    Block,
    Change,
    Claim,
    NegativatedInvoice,
    Negativation,
    Transmission,
    sync_transmission,
)
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger
from credit_protection.domain.state_table import Action, Desired, ImpossibleState, Observed, next_action
from credit_protection.domain.statuses import Status, is_in_removal_queue, status
from credit_protection.testing.strategies import NOW, TODAY, capabilities, negativations

SPC = Capabilities(Registry.SPC)
INCLUDED, REMOVED = Desired.INCLUDED, Desired.REMOVED
LATER = NOW + timedelta(hours=1)
BY_PERSON = RemovalTrigger(RemovalCause.PERSON, NOW, date(2026, 9, 17), "u1")
BY_SETTLEMENT = RemovalTrigger(RemovalCause.SETTLEMENT, NOW, date(2026, 9, 21))
BY_BUREAU = RemovalTrigger(RemovalCause.BUREAU, NOW, TODAY)
BLOCK = Block(STOPPED_BY_PERSON, "Aguardando o jurídico.", NOW)

ONE = Negativation(
    id="n1",
    request_id="r1",
    integration_id="i1",
    creditor_id="cr1",
    registry=Registry.SPC,
    host="local",
    customer_id="c1",
    subscription_id="s1",
    customer_name="Ana da Silva",
    document=Cpf("90010020055"),
    invoices=(NegativatedInvoice("1001", "F-1001", date(2026, 7, 1), Money(100_00), Money(90_00)),),
    nature_code="1",
    reference="CP-1",
    requested_by="u1",
    created_at=NOW,
    transmission=Transmission(Action.INCLUDE, NOW),
    observed=Observed.ABSENT,
    observed_since=NOW,
)


def in_state(
    observed: Observed, *triggers: RemovalTrigger, gateway: Capabilities = SPC, **changes: object
) -> Negativation:
    return sync_transmission(replace(ONE, observed=observed, triggers=triggers, **changes), gateway, NOW)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ the table

GATEWAYS = [
    replace(
        SPC,
        removal_key=key,
        find=find,
        polling=polling,
        callback=callback,
        include_is_repeatable=include_again,
        remove_is_repeatable=remove_again,
        not_found_is_an_answer=not_found,
    )
    for key in RemovalKey
    for find, polling, callback, include_again, remove_again, not_found in product((True, False), repeat=6)
]


def from_doubt(gateway: Capabilities, repeat: Action, *, safe: bool) -> Action:
    if gateway.find:
        return Action.LOOK_UP
    return repeat if safe else Action.ASK_PERSON


def awaiting(gateway: Capabilities) -> Action:
    if gateway.polling:
        return Action.POLL
    return Action.AWAIT_CALLBACK if gateway.callback else Action.ASK_PERSON


def table(observed: Observed, desired: Desired, gateway: Capabilities) -> Action | None:
    """Section 6.2 again, as a dictionary; None for what can't be."""
    natural = gateway.removal_key is RemovalKey.NATURAL and gateway.not_found_is_an_answer
    return {
        (Observed.ABSENT, INCLUDED): Action.INCLUDE,
        (Observed.ABSENT, REMOVED): Action.CLOSE,
        (Observed.IN_DOUBT_INCLUDE, INCLUDED): from_doubt(gateway, Action.INCLUDE, safe=gateway.include_is_repeatable),
        (Observed.IN_DOUBT_INCLUDE, REMOVED): from_doubt(gateway, Action.REMOVE, safe=natural),
        (Observed.INCLUDING, INCLUDED): awaiting(gateway),
        (Observed.INCLUDING, REMOVED): awaiting(gateway),
        (Observed.PRESENT, INCLUDED): Action.NOTHING,
        (Observed.PRESENT, REMOVED): Action.REMOVE,
        (Observed.IN_DOUBT_REMOVE, REMOVED): from_doubt(gateway, Action.REMOVE, safe=gateway.remove_is_repeatable),
        (Observed.REMOVING, REMOVED): awaiting(gateway),
        (Observed.REJECTED, INCLUDED): Action.CLOSE,
        (Observed.REJECTED, REMOVED): Action.CLOSE,
        (Observed.GONE, REMOVED): Action.CLOSE,
    }.get((observed, desired))


@pytest.mark.parametrize("desired", list(Desired))
@pytest.mark.parametrize("observed", list(Observed))
def test_each_cell_of_the_table_for_every_gateway(observed: Observed, desired: Desired) -> None:
    for gateway in GATEWAYS:
        expected = table(observed, desired, gateway)
        if expected is None:
            with pytest.raises(ImpossibleState, match=f"{observed}, {desired}"):
                next_action(observed, desired, gateway)
        else:
            assert next_action(observed, desired, gateway) is expected


def test_only_absence_or_a_safely_repeatable_doubt_leads_to_an_inclusion() -> None:
    for observed, desired, gateway in product(Observed, Desired, GATEWAYS):
        if table(observed, desired, gateway) is Action.INCLUDE:
            assert desired is INCLUDED
            resend = observed is Observed.IN_DOUBT_INCLUDE and gateway.include_is_repeatable and not gateway.find
            assert observed is Observed.ABSENT or resend


def test_unwanted_record_on_file_is_always_removed() -> None:
    assert {next_action(Observed.PRESENT, REMOVED, gateway) for gateway in GATEWAYS} == {Action.REMOVE}


@pytest.mark.parametrize(
    ("action", "is_call", "is_open"),
    [
        (Action.INCLUDE, True, True),
        (Action.LOOK_UP, True, True),
        (Action.POLL, True, True),
        (Action.REMOVE, True, True),
        (Action.AWAIT_CALLBACK, False, True),
        (Action.ASK_PERSON, False, True),
        (Action.NOTHING, False, False),
        (Action.CLOSE, False, False),
    ],
)
def test_actions_that_are_calls_and_actions_that_are_open(action: Action, is_call: bool, is_open: bool) -> None:
    assert action.is_call is is_call
    assert action.is_open is is_open
    assert Transmission(action, NOW).is_open is is_open


# ------------------------------------------------------------------------------------------------ the record


def test_desired_is_removed_while_there_is_any_trigger() -> None:
    assert ONE.desired is INCLUDED
    assert replace(ONE, triggers=(BY_BUREAU,)).desired is REMOVED


def test_grouped_record_reports_the_sum_and_the_oldest_due_date() -> None:
    other = NegativatedInvoice("1002", "F-1002", date(2026, 6, 1), Money(50_00), Money(50_00))
    grouped = replace(ONE, invoices=(*ONE.invoices, other))

    assert grouped.amount == Money(140_00)
    assert grouped.due_date == date(2026, 6, 1)
    assert (ONE.amount, ONE.due_date) == (Money(90_00), date(2026, 7, 1))


def test_earliest_deadline_counts() -> None:
    assert ONE.deadline is None
    assert replace(ONE, triggers=(BY_SETTLEMENT, BY_PERSON)).deadline == date(2026, 9, 17)


@pytest.mark.parametrize("observed", list(Observed))
def test_closed_states(observed: Observed) -> None:
    wanted, unwanted = replace(ONE, observed=observed), replace(ONE, observed=observed, triggers=(BY_PERSON,))
    over = {Observed.REJECTED, Observed.GONE}

    assert wanted.is_closed is (observed in over)
    assert unwanted.is_closed is (observed in over | {Observed.ABSENT})


def test_change_without_events_is_one_where_nothing_happened() -> None:
    assert Change(ONE).events == ()


# ------------------------------------------------------------------------------------------------ settling


def test_sync_follows_the_table_and_keeps_a_running_lease() -> None:
    work = Transmission(
        Action.REMOVE, NOW, date(2026, 9, 30), attempts=3, fence=7, block=BLOCK, last_error="biro_indisponivel"
    )
    before = replace(ONE, observed=Observed.PRESENT, triggers=(BY_PERSON,), transmission=work)

    assert sync_transmission(before, SPC, LATER) == replace(
        before, transmission=replace(work, due_at=LATER, deadline=date(2026, 9, 17))
    )


def test_new_action_drops_attempts_and_block_of_the_old_one() -> None:
    claim = Claim(Action.REMOVE, "w", NOW, LATER, 7)
    refused = Block("remocao_recusada", "O birô recusou a remoção.", NOW)
    work = Transmission(Action.REMOVE, NOW, None, attempts=3, fence=7, claim=claim, block=refused, last_error="x")
    before = replace(ONE, observed=Observed.IN_DOUBT_REMOVE, triggers=(BY_PERSON,), transmission=work)
    after = sync_transmission(before, SPC, LATER).transmission

    assert not refused.is_manual
    assert after == Transmission(Action.LOOK_UP, LATER, date(2026, 9, 17), 0, 7, claim, None, "x")


def test_transmission_stopped_by_a_person_stays_stopped_while_open() -> None:
    assert BLOCK.is_manual
    work = Transmission(Action.REMOVE, NOW, block=BLOCK)
    doubtful = replace(ONE, observed=Observed.IN_DOUBT_REMOVE, triggers=(BY_PERSON,), transmission=work)
    gone = replace(doubtful, observed=Observed.GONE)

    assert sync_transmission(doubtful, SPC, LATER).transmission.block == BLOCK
    assert sync_transmission(gone, SPC, LATER).transmission.block is None


def test_closed_record_has_no_deadline() -> None:
    gone = in_state(Observed.GONE, BY_PERSON)

    assert gone.transmission.action is Action.CLOSE
    assert gone.transmission.deadline is None
    assert not gone.transmission.is_open


@given(capabilities().flatmap(negativations))
def test_sync_is_idempotent(negativation: Negativation) -> None:
    gateway = SPC
    settled = sync_transmission(negativation, gateway, NOW)

    assert sync_transmission(settled, gateway, NOW) == settled
    assert settled.transmission.action is next_action(negativation.observed, negativation.desired, gateway)
    assert settled.transmission.is_open is settled.transmission.action.is_open
    assert settled.transmission.deadline == (negativation.deadline if settled.transmission.is_open else None)
    assert replace(settled, transmission=negativation.transmission) == negativation


@given(negativations())
def test_grouped_record_sums_its_invoices(negativation: Negativation) -> None:
    assert negativation.amount == total(invoice.amount for invoice in negativation.invoices)
    assert negativation.due_date in {invoice.due_date for invoice in negativation.invoices}
    assert negativation.is_closed is (next_action(negativation.observed, negativation.desired, SPC) is Action.CLOSE)
    assert (negativation.deadline is None) is (negativation.desired is INCLUDED)


# ------------------------------------------------------------------------------------------------ the status


def test_operator_reads_portuguese() -> None:
    assert [each.value for each in Status] == [
        "aguardando envio",
        "enviada",
        "em prazo de aviso",
        "negativada",
        "recusada",
        "na fila de remoção",
        "remoção enviada",
        "removida",
        "cancelada antes do envio",
        "removida pelo birô",
        "em verificação",
        "precisa de você",
    ]


@pytest.mark.parametrize(
    ("observed", "triggers", "expected"),
    [
        (Observed.ABSENT, (), Status.WAITING),
        (Observed.ABSENT, (BY_PERSON,), Status.CANCELLED),
        (Observed.IN_DOUBT_INCLUDE, (), Status.CHECKING),
        (Observed.IN_DOUBT_INCLUDE, (BY_PERSON,), Status.CHECKING),
        (Observed.IN_DOUBT_REMOVE, (BY_PERSON,), Status.CHECKING),
        (Observed.INCLUDING, (), Status.SENT),
        (Observed.INCLUDING, (BY_PERSON,), Status.REMOVAL_QUEUED),
        (Observed.PRESENT, (), Status.NEGATIVATED),
        (Observed.PRESENT, (BY_SETTLEMENT,), Status.REMOVAL_QUEUED),
        (Observed.REMOVING, (BY_SETTLEMENT,), Status.REMOVAL_SENT),
        (Observed.REJECTED, (), Status.REFUSED),
        (Observed.REJECTED, (BY_PERSON,), Status.REFUSED),
        (Observed.GONE, (BY_PERSON,), Status.REMOVED),
        (Observed.GONE, (BY_PERSON, BY_BUREAU), Status.REMOVED),
        (Observed.GONE, (BY_BUREAU,), Status.REMOVED_BY_BUREAU),
    ],
)
def test_one_status_is_made_of_both(observed: Observed, triggers: tuple[RemovalTrigger, ...], expected: Status) -> None:
    assert status(in_state(observed, *triggers), TODAY) is expected


@pytest.mark.parametrize(
    ("published_on", "expected"),
    [
        (None, Status.NEGATIVATED),
        (TODAY - timedelta(days=1), Status.NEGATIVATED),
        (TODAY, Status.NEGATIVATED),
        (TODAY + timedelta(days=1), Status.NOTICE),
    ],
)
def test_status_is_notice_until_publication(published_on: date | None, expected: Status) -> None:
    present = in_state(Observed.PRESENT, published_on=published_on)
    assert status(present, TODAY) is expected
    assert status(in_state(Observed.PRESENT, BY_PERSON, published_on=published_on), TODAY) is Status.REMOVAL_QUEUED


def test_status_needs_person_only_while_the_transmission_is_open() -> None:
    def blocked(negativation: Negativation) -> Negativation:
        return replace(negativation, transmission=replace(negativation.transmission, block=BLOCK))

    assert status(blocked(in_state(Observed.PRESENT, BY_PERSON)), TODAY) is Status.NEEDS_PERSON
    assert status(blocked(in_state(Observed.ABSENT)), TODAY) is Status.NEEDS_PERSON
    assert status(blocked(in_state(Observed.PRESENT)), TODAY) is Status.NEGATIVATED
    assert status(blocked(in_state(Observed.GONE, BY_PERSON)), TODAY) is Status.REMOVED


def test_gateway_without_lookup_polling_or_callback_needs_a_person() -> None:
    dumb = replace(SPC, find=False, polling=False)
    patient = replace(dumb, callback=True)

    assert status(in_state(Observed.IN_DOUBT_INCLUDE, gateway=dumb), TODAY) is Status.NEEDS_PERSON
    assert status(in_state(Observed.REMOVING, BY_PERSON, gateway=dumb), TODAY) is Status.NEEDS_PERSON
    assert status(in_state(Observed.REMOVING, BY_PERSON, gateway=patient), TODAY) is Status.REMOVAL_SENT
    assert status(in_state(Observed.INCLUDING, gateway=patient), TODAY) is Status.SENT


@given(capabilities().flatmap(negativations), st.integers(-60, 60))
def test_every_state_has_a_status_and_only_open_unwanted_ones_are_in_the_queue(
    negativation: Negativation, days: int
) -> None:
    said = status(negativation, TODAY + timedelta(days=days))
    queued = is_in_removal_queue(negativation)

    assert isinstance(said, Status)
    assert queued is (negativation.transmission.is_open and negativation.desired is REMOVED)
    if queued:
        assert said in {
            Status.REMOVAL_QUEUED,
            Status.REMOVAL_SENT,
            Status.CHECKING,
            Status.NEEDS_PERSON,
        }
        assert not negativation.is_closed


def test_gateway_that_cannot_remove_needs_a_person() -> None:
    assert next_action(Observed.PRESENT, REMOVED, replace(SPC, remove=False)) is Action.ASK_PERSON
