"""What the bureau shows, compared with a negativation in any possible state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.comparison import bureau_differences, bureau_records, bureau_side
from credit_protection.domain.comparison.bureau_records import BureauRecord, Match
from credit_protection.domain.divergences import (
    DivergenceCode,
    DivergenceContext,
    DivergenceSeverity,
    update_divergences,
)
from credit_protection.domain.documents import Document
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Negativation, Transmission
from credit_protection.domain.observations import AnswerContext
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.testing import strategies

NOW = strategies.NOW + timedelta(days=40)
TODAY = NOW.date()
CAPABILITIES = Capabilities(Registry.SPC)
WITHOUT_FIND = Capabilities(Registry.SPC, find=False, polling=False, callback=True)
CONTEXT = AnswerContext(NOW, TODAY, CAPABILITIES)
MINUTE = timedelta(minutes=1)
LEFT = {RecordState.GONE, RecordState.REJECTED}


def record_of(negativation: Negativation, **changes: object) -> BureauRecord:
    """The negativation as a bureau that agrees shows it."""
    record = BureauRecord(
        document=negativation.document.value,
        reference=negativation.reference,
        due_date=negativation.due_date,
        state=RecordState.PRESENT,
        bureau_id=negativation.bureau_id,
        amount=negativation.amount,
        nature_code=negativation.nature_code,
    )
    return replace(record, **changes)  # type: ignore[arg-type]


@st.composite
def records(draw: st.DrawFn, negativation: Negativation) -> BureauRecord:
    """The record of a negativation, perhaps with other values."""
    return record_of(
        negativation,
        state=draw(st.sampled_from(RecordState)),
        bureau_id=draw(st.sampled_from([negativation.bureau_id, "other", None])),
        document=draw(st.sampled_from([negativation.document.value, "52998224725"])),
        due_date=negativation.due_date + timedelta(days=draw(st.integers(-1, 1))),
        amount=draw(st.sampled_from([None, negativation.amount, Money(1), negativation.amount + Money(1)])),
    )


@given(strategies.negativations(observed=Observed.PRESENT, desired=Desired.INCLUDED))
def test_record_that_agrees_shows_no_difference_of_one_that_is_wanted(negativation: Negativation) -> None:
    found = bureau_records.match(record_of(negativation), [negativation])
    assert found == (negativation, Match.SAME)
    assert bureau_side.shown(negativation, record_of(negativation), Match.SAME).differences == ()


@given(st.data(), strategies.negativations(), st.sampled_from(Match))
def test_what_is_not_there_shows_nothing_and_changes_nothing(
    data: st.DataObject, negativation: Negativation, how: Match
) -> None:
    record = data.draw(records(negativation))
    assume(not record.stands and not bureau_side.came_and_went(negativation, record.state))
    result = bureau_side.shown(negativation, record, how)
    assert not result.acts
    assert DivergenceCode.AFTER_REMOVAL not in {each.code for each in result.differences}


@given(st.data(), strategies.negativations())
def test_only_a_record_that_is_surely_ours_is_reopened_and_always_for_removal(
    data: st.DataObject, negativation: Negativation
) -> None:
    record = data.draw(records(negativation))
    found = bureau_records.match(record, [negativation])
    assume(found is not None)
    assert found is not None
    result = bureau_side.shown(negativation, record, found[1])
    if not result.reopens:
        return
    assert negativation.is_closed
    assert not negativation.is_adopted
    for capabilities in (CAPABILITIES, WITHOUT_FIND):
        context = replace(CONTEXT, capabilities=capabilities)
        change = bureau_side.reopened(replace(negativation, transmission=_idle(negativation)), record, context)
        after = change.negativation
        assert after.desired is Desired.REMOVED
        assert not after.is_closed
        assert after.transmission.is_open
        assert after.transmission.action is not Action.INCLUDE
        assert after.bureau_id == (record.bureau_id or negativation.bureau_id)


@given(st.data(), strategies.negativations())
def test_answer_of_a_list_never_makes_an_inclusion_due_or_unwants_a_removal(
    data: st.DataObject, negativation: Negativation
) -> None:
    record = data.draw(records(negativation))
    found = bureau_records.match(record, [negativation])
    if found is None or negativation.transmission.claim is not None:
        return
    result = bureau_side.shown(negativation, record, found[1])
    if result.answer is None:
        return
    after = bureau_side.looked_up_at(negativation, result.answer, NOW - MINUTE, CONTEXT).negativation
    assert after.known_at is not None
    assert after.transmission.action is not Action.INCLUDE
    assert after.transmission.claim is None
    assert negativation.desired is Desired.INCLUDED or after.desired is Desired.REMOVED


@given(st.data(), strategies.negativations())
def test_second_comparison_right_after_the_first_opens_and_closes_nothing(
    data: st.DataObject, negativation: Negativation
) -> None:
    record = data.draw(records(negativation))
    found = bureau_records.match(record, [negativation])
    assume(found is not None and bureau_side.is_comparable(negativation, NOW, CAPABILITIES))
    assert found is not None
    at = DivergenceContext("i", "c", negativation.id, NOW, TODAY, BusinessCalendar(frozenset()))
    first = bureau_side.shown(negativation, record, found[1])
    opened = update_divergences([], first.differences, first.fresh, at, [str(number) for number in range(9)])
    after = negativation
    if first.answer is not None:
        after = bureau_side.looked_up_at(after, first.answer, NOW, CONTEXT).negativation
    if first.reopens:
        after = bureau_side.reopened(after, record, CONTEXT).negativation
    again = bureau_records.match(record, [after])
    if again is None or not bureau_side.is_comparable(after, NOW + MINUTE, CAPABILITIES):
        return
    second = bureau_side.shown(after, record, again[1])
    assert update_divergences(opened, second.differences, second.fresh, at, []) == []


@given(strategies.negativations(), st.integers(-120, 120))
def test_what_changed_or_was_in_flight_is_not_compared(negativation: Negativation, minutes: int) -> None:
    as_of = negativation.observed_since + timedelta(minutes=minutes)
    if not bureau_side.is_comparable(negativation, as_of, CAPABILITIES):
        return
    before = as_of - CAPABILITIES.quiet_period
    assert negativation.transmission.claim is None
    assert negativation.observed_since < before
    assert all(trigger.at < before for trigger in negativation.triggers)
    for unanswered in (negativation.unanswered_inclusions, negativation.unanswered_removals):
        assert unanswered is None or unanswered.quiet_until <= as_of


@given(strategies.negativations())
def test_only_what_is_believed_present_and_wanted_can_be_missing(negativation: Negativation) -> None:
    difference = bureau_side.missing(negativation)
    believed = negativation.observed is Observed.PRESENT and negativation.desired is Desired.INCLUDED
    assert (difference is not None) is believed
    if difference is not None:
        expected = DivergenceCode.NOT_FOUND if negativation.known_at is None else DivergenceCode.NOT_THERE
        assert (difference.code, difference.severity) == (expected, DivergenceSeverity.ALARM)
        assert difference.needs_decision


@given(strategies.negativations(observed=Observed.PRESENT, desired=Desired.INCLUDED), st.booleans())
def test_our_key_under_another_id_is_a_duplicate_only_where_our_own_stands(
    negativation: Negativation, own_stands: bool
) -> None:
    held = replace(negativation, bureau_id="mine")
    record = record_of(held, bureau_id="other")
    assert bureau_records.match(record, [held]) == (held, Match.OTHER_ID)
    difference = bureau_side.other_id(held, [record], own_stands=own_stands)
    assert difference is not None
    assert difference.code is (DivergenceCode.DUPLICATE if own_stands else DivergenceCode.OTHERS_RECORD)
    assert bureau_side.other_id(held, [replace(record, state=RecordState.GONE)], own_stands=own_stands) is None


@given(strategies.negativations(), strategies.documents())
def test_id_counts_before_the_key_and_another_document_under_it_is_no_match(
    negativation: Negativation, document: Document
) -> None:
    held = replace(negativation, bureau_id="mine")
    other = replace(negativation, id="other", bureau_id=None)
    same = record_of(held)
    assert bureau_records.match(same, [other, held]) == (held, Match.SAME)
    assume(document != held.document and document.person_type is held.document.person_type)
    foreign = record_of(held, document=document.value)
    if held.is_closed:
        assert bureau_records.match(foreign, [held]) is None
        return
    assert bureau_records.match(foreign, [held]) == (held, Match.OTHER_RECORD)
    (difference,) = bureau_side.shown(held, foreign, Match.OTHER_RECORD).differences
    assert difference.code is DivergenceCode.OTHERS_RECORD
    assert held.document.value not in difference.ours + difference.theirs


@given(strategies.negativations())
def test_adopted_record_matches_by_its_due_date_too(negativation: Negativation) -> None:
    moved = record_of(negativation, bureau_id=None, due_date=negativation.due_date + timedelta(days=9))
    own = replace(negativation, is_adopted=False, bureau_id=None)
    assert bureau_records.match(moved, [own]) == (own, Match.SAME)
    assert bureau_records.match(moved, [replace(own, is_adopted=True)]) is None


@given(strategies.negativations(observed=Observed.PRESENT, desired=Desired.INCLUDED), st.sampled_from(["", "DEV"]))
def test_another_nature_differs_only_where_both_sides_have_one(negativation: Negativation, theirs: str) -> None:
    for ours in ("", "DEV", "FAT"):
        held = replace(negativation, nature_code=ours)
        found = bureau_side.shown(held, record_of(held, nature_code=theirs), Match.SAME).differences
        expected = [("natureza FAT", "natureza DEV")] if ours == "FAT" and theirs else []
        assert [(each.ours, each.theirs) for each in found] == expected


@given(strategies.negativations(), st.text("0123456789", min_size=1, max_size=20))
def test_similar_contracts_differ_only_in_leading_zeros(negativation: Negativation, reference: str) -> None:
    near = bureau_records.near_references(reference)
    assert reference not in near
    assert len(set(near)) == len(near) <= 17
    unconfirmed = replace(negativation, reference=reference, known_at=None)
    assert all(bureau_records.is_near(unconfirmed, record_of(unconfirmed, reference=each)) for each in near)


@pytest.mark.parametrize(
    ("absent", "standing", "suspect"),
    [(20, 20, False), (21, 21, True), (21, 420, False), (22, 420, True), (50, 1000, False), (51, 1000, True)],
)
def test_list_is_suspect_above_five_per_cent_and_above_twenty(absent: int, standing: int, suspect: bool) -> None:
    assert bureau_side.is_suspect(absent, standing) is suspect


@pytest.mark.parametrize(
    ("ours", "theirs", "near"), [("4711", "0004711", True), ("0004711", "4711", True), ("4711", "4712", False)]
)
@given(strategies.negativations(observed=Observed.PRESENT))
def test_near_miss_differs_only_in_leading_zeros_of_the_contract(
    ours: str, theirs: str, near: bool, negativation: Negativation
) -> None:
    unconfirmed = replace(negativation, reference=ours, known_at=None, is_adopted=True)
    assert bureau_records.is_near(unconfirmed, record_of(unconfirmed, reference=theirs)) is near
    assert not bureau_records.is_near(replace(unconfirmed, known_at=NOW), record_of(unconfirmed, reference=theirs))
    assert not bureau_records.is_near(unconfirmed, record_of(unconfirmed, reference=theirs, due_date=date(1999, 1, 1)))


def test_subject_of_an_unknown_record_never_has_a_document() -> None:
    record = BureauRecord("52998224725", "C-1", date(2026, 1, 5), RecordState.PRESENT)
    difference = bureau_differences.unknown_difference("i", record)
    texts = difference.subject + difference.theirs + difference.message
    assert "52998224725" not in texts
    other = bureau_differences.unknown_difference("i", replace(record, reference="C-2"))
    assert difference.subject != other.subject
    assert bureau_records.unknown_subject("i", replace(record, bureau_id="B1")) == "i:B1"


def _idle(negativation: Negativation) -> Transmission:
    return replace(negativation.transmission, claim=None)
