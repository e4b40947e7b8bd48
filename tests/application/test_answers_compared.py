"""What an answer of the bureau shows about a record is a divergence at once; only a person closes what is in doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.bureau_answers import RecordFound, RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.divergences import Decision, DivergenceCode, DivergenceSeverity
from credit_protection.domain.errors import InvalidInput, OutcomeUnknown
from credit_protection.domain.state_table import Observed
from credit_protection.testing.fakes import FakeBureau, FakeRecord
from tests.application.app import ANA, AppFixture
from tests.application.test_adoption import Rows
from tests.application.test_reconciliation import adopt, bureau_side, codes, decide, reconcile, record_of, unconfirmed

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy.storage import SqlStorage
    from credit_protection.domain.negativations import Negativation

OTHER_CPF = "90010020128"
LISTS = Capabilities(registry=Registry.SPC, grouping=True, list_records=True)
ONLY_LISTS = replace(LISTS, find=False, polling=False, callback=True, remove_is_repeatable=True)


def over(sqlite: SqlStorage, capabilities: Capabilities = LISTS) -> AppFixture:
    made = AppFixture(sqlite, bureau=FakeBureau(capabilities, synchronous=True))
    made.register()
    return made


def delete(app: AppFixture, negativation: Negativation) -> Negativation:
    app.negativations.delete(ANA, negativation.id)
    return app.work(negativation)


def of_file(app: AppFixture, ours: str, theirs: str) -> Negativation:
    """An adopted record that a file told by a contract which the bureau does not have."""
    adopted = unconfirmed(app, ours)
    with app.storage.unit() as unit:
        unit.negativations.save(replace(adopted, is_unconfirmed=True))
        unit.commit()
    record = record_of(app, adopted)
    record.order = replace(record.order, reference=theirs)
    return app.get(adopted)


@pytest.mark.parametrize("capabilities", [LISTS, ONLY_LISTS])
def test_unconfirmed_record_that_is_not_found_is_shown_at_the_answer(
    sqlite: SqlStorage, capabilities: Capabilities
) -> None:
    app = over(sqlite, capabilities)
    after = delete(app, of_file(app, "4711", "0004711"))
    assert (after.observed, after.is_closed) == (Observed.PRESENT, False)
    (found,) = bureau_side(app)
    assert (found.code, found.severity, found.negativation_id) == (
        DivergenceCode.NOT_FOUND,
        DivergenceSeverity.ALARM,
        after.id,
    )
    assert ("0004711" in found.theirs) is capabilities.find
    assert app.listeners.divergences[-1].id == found.id
    decide(app, found, Decision.KEEP)
    assert not app.get(after).is_closed


@pytest.mark.parametrize("capabilities", [LISTS, ONLY_LISTS])
def test_person_closes_the_record_that_is_not_found(sqlite: SqlStorage, capabilities: Capabilities) -> None:
    app = over(sqlite, capabilities)
    after = delete(app, of_file(app, "4711", "0004711"))
    (found,) = bureau_side(app)
    calls = len(app.bureau.calls)
    decide(app, found, Decision.REMOVE)
    assert app.get(after).is_closed
    assert len(app.bureau.calls) == calls


def test_pass_after_the_answer_opens_nothing_and_keeps_the_contracts_that_were_named(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    delete(app, of_file(app, "4711", "0004711"))
    (found,) = bureau_side(app)
    assert reconcile(app) == [found]


def test_look_ups_alone_name_the_similar_contract_once(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    of_file(app, "4711", "0004711")
    app.bureau.capabilities = replace(LISTS, list_records=False)
    (found,) = reconcile(app)
    assert "0004711" in found.theirs
    calls = len(app.bureau.calls)
    assert reconcile(app) == [found]
    assert len(app.bureau.calls) - calls <= 2  # its look-up, and that of the other record


def shows_another_person(app: AppFixture) -> None:
    def found(_key: object) -> RecordFound:
        return RecordFound(RecordState.PRESENT, "B1", document=OTHER_CPF)

    app.bureau.find = found  # type: ignore[method-assign,assignment]


def test_look_up_that_shows_another_person_sends_nothing_and_is_shown(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    adopted = of_file(app, "4711", "4711")
    sent = app.bureau.calls.count("remove")
    shows_another_person(app)
    after = delete(app, adopted)
    (found,) = bureau_side(app)
    assert (found.code, found.severity) == (DivergenceCode.OTHERS_RECORD, DivergenceSeverity.ALARM)
    assert OTHER_CPF not in found.theirs
    assert app.bureau.calls.count("remove") == sent
    assert not after.is_closed
    decide(app, found, Decision.REMOVE)
    assert app.get(after).is_closed
    assert app.bureau.calls.count("remove") == sent


def test_removal_in_doubt_of_a_known_record_does_not_remove_another_persons(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    included = app.included("i1")
    app.bureau.fail_next("remove", OutcomeUnknown("sem resposta"))
    app.negativations.delete(ANA, included.id)
    app.perform(included)
    shows_another_person(app)
    after = app.work(included)
    assert codes(bureau_side(app)) == [DivergenceCode.OTHERS_RECORD]
    assert app.bureau.calls.count("remove") == 1
    assert not after.is_closed


def test_confirmation_closes_what_was_shown(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    adopted = of_file(app, "4711", "0004711")
    delete(app, adopted)
    record = app.bureau.records[-1]
    record.order = replace(record.order, reference="4711")
    app.negativations.resume(ANA, adopted.id)
    assert app.work(adopted).is_closed
    assert bureau_side(app) == []


# ------------------------------------------------------------------------------------------------ without proof


def settled(app: AppFixture, invoice_id: str = "i1") -> Negativation:
    """A negativation that has stood for longer than the quiet period."""
    included = app.included(invoice_id)
    app.later(app.bureau.capabilities.quiet_period)
    return included


@pytest.mark.parametrize("capabilities", [LISTS, ONLY_LISTS])
def test_known_record_that_is_not_found_closes_with_a_notice(sqlite: SqlStorage, capabilities: Capabilities) -> None:
    app = over(sqlite, capabilities)
    included = settled(app)
    app.bureau.records.clear()
    assert delete(app, included).is_closed
    (found,) = bureau_side(app)
    assert (found.code, found.severity) == (DivergenceCode.UNPROVEN_EXIT, DivergenceSeverity.NOTICE)
    with pytest.raises(InvalidInput):
        decide(app, found, Decision.REMOVE)
    decide(app, found, Decision.KEEP)
    app.sweep.run()
    assert bureau_side(app) != []


def test_known_record_is_looked_up_by_id_and_by_key_before_it_closes(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    included = settled(app)
    app.bureau.records.clear()
    calls = len(app.bureau.calls)
    delete(app, included)
    assert app.bureau.calls[calls:] == ["remove", "find", "find"]


@pytest.mark.parametrize("capabilities", [LISTS, ONLY_LISTS])
def test_not_found_within_the_quiet_period_closes_nothing_yet(sqlite: SqlStorage, capabilities: Capabilities) -> None:
    app = over(sqlite, capabilities)
    included = app.included("i1")
    records = list(app.bureau.records)
    app.bureau.records.clear()
    app.negativations.delete(ANA, included.id)
    app.perform(included)
    assert not app.get(included).is_closed
    assert bureau_side(app) == []
    app.bureau.records += records  # the bureau was late
    assert app.work(included).is_closed
    assert bureau_side(app) == []
    assert records[0].state is RecordState.GONE


def test_lost_removal_explains_that_the_record_is_not_found(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    included = settled(app)
    app.bureau.fail_next("remove", OutcomeUnknown("sem resposta"), executed=True)
    app.negativations.delete(ANA, included.id)
    app.perform(included)
    app.bureau.records.clear()
    assert app.work(included).is_closed
    assert bureau_side(app) == []


def test_known_record_under_another_id_is_removed_only_by_a_persons_decision(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    included = settled(app)
    (record,) = app.bureau.records
    record.bureau_id = "NEW"
    after = delete(app, included)
    assert not after.is_closed
    (found,) = bureau_side(app)
    assert (found.code, found.theirs) == (DivergenceCode.OTHERS_RECORD, "NEW")
    assert app.bureau.records_on_file() == [record]
    decide(app, found, Decision.REMOVE)
    assert app.work(included).is_closed
    assert app.bureau.records_on_file() == []


# ------------------------------------------------------------------------------------------------ files and lists


def test_file_that_contradicts_itself_is_looked_up_or_counted_as_unreadable(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    kept, gone = settled(app, "i1"), settled(app, "i2")
    app.bureau.records = [each for each in app.bureau.records if each.order.reference == kept.reference]
    rows = [
        ExtractRow(
            2, each.document.value, "", each.reference, each.due_date, each.amount, state, bureau_id=each.bureau_id
        )
        for each in (kept, gone)
        for state in (RecordState.PRESENT, RecordState.GONE)
    ]
    app.later(app.bureau.capabilities.quiet_period)
    source = Rows(rows, is_operation_log=True)
    summary = app.reconciliation.run(ANA, app.integration_id, source, as_of=app.clock.now())
    assert (summary.matched, summary.unreadable) == (1, 0)
    app.bureau.capabilities = ONLY_LISTS
    summary = app.reconciliation.run(ANA, app.integration_id, source, as_of=app.clock.now())
    assert (summary.matched, summary.unreadable) == (0, 2)


def test_duplicate_of_an_adopted_record_is_removed_alone(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    adopted = adopt(app, "4711")
    own = record_of(app, adopted)
    app.bureau.records.append(FakeRecord(own.order, "D1", RecordState.PRESENT))
    (found,) = reconcile(app)
    assert (found.code, found.theirs) == (DivergenceCode.DUPLICATE, "D1")
    decide(app, found, Decision.REMOVE)
    app.work(next(each for each in app.negativations.list(ANA).items if each.transmission.action.is_call))
    assert reconcile(app) == []
    assert app.bureau.records_on_file() == [own]
    assert app.get(adopted).reference == "4711"


def test_all_duplicates_are_named_and_one_removal_is_offered_at_a_time(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    settled(app)
    own = app.bureau.records[0]
    app.bureau.records += [FakeRecord(own.order, bureau_id, RecordState.PRESENT) for bureau_id in ("D1", "D2", "D3")]
    (found,) = reconcile(app)
    assert (found.code, found.theirs) == (DivergenceCode.DUPLICATE, "D1; D2; D3")
    for left in ("D2; D3", "D3"):
        decide(app, found, Decision.REMOVE)
        app.work(next(each for each in app.negativations.list(ANA).items if each.transmission.action.is_call))
        (found,) = reconcile(app)
        assert (found.theirs, found.decision) == (left, None)
    decide(app, found, Decision.REMOVE)
    app.work(next(each for each in app.negativations.list(ANA).items if each.transmission.action.is_call))
    assert reconcile(app) == []
    assert app.bureau.records_on_file() == [own]


def test_all_ids_under_our_key_are_named_where_our_own_is_gone(sqlite: SqlStorage) -> None:
    app = over(sqlite)
    settled(app)
    own = app.bureau.records.pop()
    app.bureau.records += [FakeRecord(own.order, bureau_id, RecordState.PRESENT) for bureau_id in ("D1", "D2")]
    (found,) = reconcile(app)
    assert (found.code, found.theirs) == (DivergenceCode.OTHERS_RECORD, "D1; D2")
    assert reconcile(app) == [found]
