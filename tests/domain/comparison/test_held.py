"""What the do-not-negativate list does about a record that stands, for any list and any record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.comparison.held import (
    HELD_CODE,
    DebtorHolds,
    HoldContext,
    hold_difference,
    remove_by_hold,
)
from credit_protection.domain.divergences import (
    Decision,
    Divergence,
    DivergenceContext,
    decide,
    update_divergences,
)
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, RemovalTrigger, removal_reason
from credit_protection.domain.removals import decide_divergence
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing import samples
from tests.domain.lifecycle.profiles import LOOKED_UP

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
CALENDAR = BusinessCalendar(frozenset())
AT = HoldContext(LOOKED_UP.gateway, CALENDAR, TODAY, NOW)
OWN = "c-1"
RECORDS = (OWN, "c-2", "c-3")
HOLDS = st.builds(
    Hold, st.sampled_from(HoldKind), st.just(""), st.sampled_from((None, TODAY, TODAY - timedelta(days=1)))
)
FOUND = st.builds(
    DebtorHolds,
    st.frozensets(st.sampled_from(RECORDS)),
    st.dictionaries(st.sampled_from(RECORDS), HOLDS),
)


def standing() -> Negativation:
    return replace(
        samples.negativation("n-1", ["f-1"], document=samples.CPF, creditor_id="1"),
        customer_id=OWN,
        observed=Observed.PRESENT,
        known_at=NOW,
        inclusion_claims=1,
    )


def compared(negativation: Negativation, before: list[Divergence], found: DebtorHolds) -> list[Divergence]:
    difference = hold_difference(negativation, found, TODAY)
    context = DivergenceContext("integration-1", "1", "n-1", NOW, TODAY, CALENDAR)
    fresh = {difference.key[1:]} if difference else {(each.code, each.side) for each in before}
    changed = update_divergences(before, [] if difference is None else [difference], fresh, context, ["d-1"])
    return list({each.id: each for each in (*before, *changed)}.values())


def effective(found: DebtorHolds) -> dict[str, Hold]:
    return {key: each for key, each in found.holds.items() if each.until is None or each.until >= TODAY}


@given(FOUND)
def test_every_hold_in_force_is_shown_and_no_other(found: DebtorHolds) -> None:
    difference = hold_difference(standing(), found, TODAY)
    assert (difference is not None) is bool(effective(found))
    if difference is not None:
        assert all(f"cadastro {key}" in difference.theirs for key in effective(found))
        assert difference.needs_decision


@given(FOUND)
def test_only_a_court_order_of_its_own_and_a_death_of_the_person_remove(found: DebtorHolds) -> None:
    negativation = standing()
    shown = compared(negativation, [], found)
    after = remove_by_hold(negativation, shown, found, AT).negativation
    of_person = {key: each.kind for key, each in effective(found).items() if key in found.records}
    by_court = of_person.get(OWN) is HoldKind.COURT_ORDER
    assert (after.desired is Desired.REMOVED) is (by_court or HoldKind.DEATH in of_person.values())
    for trigger in after.triggers:
        assert (trigger.cause, trigger.code) == (RemovalCause.DIVERGENCE, HELD_CODE)
        assert trigger.reason is (RemovalReason.COURT_ORDER if by_court else RemovalReason.DEATH)
        assert removal_reason({}, after.triggers) is trigger.reason
        assert not by_court or trigger.deadline == TODAY
    assert remove_by_hold(after, compared(after, shown, found), found, AT).negativation is after


@given(FOUND, FOUND)
def test_only_a_person_lifts_what_a_hold_added(first: DebtorHolds, second: DebtorHolds) -> None:
    negativation = standing()
    shown = compared(negativation, [], first)
    removed = remove_by_hold(negativation, shown, first, AT).negativation
    if removed.desired is not Desired.REMOVED:
        return
    shown = compared(removed, shown, second)
    later = remove_by_hold(removed, shown, second, AT).negativation
    assert later.desired is Desired.REMOVED
    (divergence,) = [each for each in shown if each.closed_at is None]
    kept = decide(divergence, Decision.KEEP, actor_id="ana", remark="engano", now=NOW)
    free = decide_divergence(
        later,
        kept,
        actor_id="ana",
        reason=None,
        deletion_days=2,
        today=TODAY,
        calendar=CALENDAR,
        capabilities=AT.capabilities,
        now=NOW,
    ).negativation
    assert free.desired is Desired.INCLUDED
    shown = compared(free, [kept], second)
    assert remove_by_hold(free, shown, second, AT).negativation is free
    assert [each.closed_at is None for each in shown] == [bool(effective(second))]


@given(FOUND)
def test_what_was_not_sent_or_is_closed_is_left_alone(found: DebtorHolds) -> None:
    unsent = replace(standing(), observed=Observed.ABSENT, known_at=None, inclusion_claims=0)
    gone = replace(standing(), observed=Observed.GONE)
    assert hold_difference(unsent, found, TODAY) is hold_difference(gone, found, TODAY) is None


@given(FOUND)
def test_what_is_removed_anyway_shows_only_what_removes(found: DebtorHolds) -> None:
    deletion = RemovalTrigger(RemovalCause.PERSON, NOW, TODAY, "ana")
    removed = replace(standing(), triggers=(deletion,))
    difference = hold_difference(removed, found, TODAY)
    assert (difference is not None) is (found.effective(TODAY).removing(OWN) is not None)


def test_claimed_removal_needs_no_person_when_the_hold_ends() -> None:
    found = DebtorHolds(frozenset({OWN}), {OWN: Hold(HoldKind.COURT_ORDER)})
    negativation = standing()
    shown = compared(negativation, [], found)
    claimed = replace(remove_by_hold(negativation, shown, found, AT).negativation, removal_claims=1)
    assert hold_difference(claimed, DebtorHolds(frozenset({OWN})), TODAY) is None
