"""Reconciliation: what the bureau shows is compared with what is believed here, over each storage."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.reconciliation import Reconciliation
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauUnavailable, Conflict, InvalidInput, PermissionDenied, RuleViolation
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.testing.fakes.bureau import FakeBureau, FakeRecord
from tests.application.app import ANA, CPF, DAY, DUE, AppFixture

if TYPE_CHECKING:
    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.application.reconciliation import ReconciliationSummary
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.requests import InclusionOrder

HOUR = timedelta(hours=1)
OTHER_CPF = "52998224725"
WITHOUT_LIST = Capabilities(registry=Registry.SPC, alphanumeric_cnpj=True, grouping=True)
WITHOUT_FIND = Capabilities(
    registry=Registry.SPC, grouping=True, list_records=True, find=False, polling=False, callback=True
)


@pytest.fixture
def app(app_on_any_storage: AppFixture) -> AppFixture:
    return app_on_any_storage


def reconcile(app: AppFixture, after: timedelta = HOUR) -> list[Divergence]:
    """Reconcile some time later; the divergences of the bureau's side that are open then."""
    app.later(after)
    assert run(app).is_ended
    return bureau_side(app)


def run(app: AppFixture) -> ReconciliationSummary:
    def sleep(seconds: float) -> None:
        app.later(timedelta(seconds=seconds))

    return Reconciliation(app.ports, sleep).run(ANA, app.integration_id)


def bureau_side(app: AppFixture) -> list[Divergence]:
    return [each for each in app.divergences.list(ANA).items if each.side is Side.BUREAU]


def codes(found: list[Divergence]) -> list[DivergenceCode]:
    return sorted(each.code for each in found)


def record_of(app: AppFixture, negativation: Negativation) -> FakeRecord:
    return next(each for each in app.bureau.records if each.order.reference == negativation.reference)


def decide(app: AppFixture, divergence: Divergence, decision: Decision) -> Divergence:
    return app.divergences.decide(ANA, divergence.id, decision, remark="conferido no portal")


def removed(app: AppFixture, invoice_id: str = "i1") -> Negativation:
    """A negativation that was removed after its payment."""
    included = app.included(invoice_id)
    app.paid(invoice_id)
    app.payments.apply()
    return app.work(included)


def stand_again(app: AppFixture, negativation: Negativation) -> FakeRecord:
    """The bureau shows a removed record again."""
    record = record_of(app, negativation)
    record.state = RecordState.PRESENT
    return record


# ------------------------------------------------------------------------------------------------ what is found


def test_sides_that_agree_open_nothing(app: AppFixture) -> None:
    app.included("i1")
    removed(app, "i2")
    app.negativate("i3")
    assert reconcile(app) == reconcile(app, DAY) == []


def test_record_that_stands_after_its_removal_is_removed_again(app: AppFixture) -> None:
    gone = removed(app)
    stand_again(app, gone)
    (found,) = reconcile(app)
    assert (found.code, found.severity, found.negativation_id) == (
        DivergenceCode.AFTER_REMOVAL,
        DivergenceSeverity.CRITICAL,
        gone.id,
    )
    reopened = app.get(gone)
    assert (reopened.desired, reopened.observed) == (Desired.REMOVED, Observed.IN_DOUBT_REMOVE)
    assert reopened.has_trigger(RemovalCause.LATE_ANSWER)
    assert "removal.request" in app.acts(gone.id)
    run(app)  # it rests: a removal is due
    assert [each.id for each in bureau_side(app)] == [found.id]
    assert app.work(gone).observed is Observed.GONE
    assert app.bureau.records_on_file() == []
    assert reconcile(app) == []


def test_record_that_stands_under_another_id_after_its_removal_is_removed_by_that_id(app: AppFixture) -> None:
    gone = removed(app)
    old = record_of(app, gone)
    app.bureau.records.append(FakeRecord(old.order, "NEW", RecordState.PRESENT))
    reconcile(app)
    assert app.get(gone).bureau_id == "NEW"
    app.work(gone)
    assert app.bureau.records_on_file() == []


def test_adopted_record_that_stands_after_its_removal_is_a_persons_decision(app: AppFixture) -> None:
    adopted = adopt(app, "OLD-1")
    app.negativations.delete(ANA, adopted.id)
    app.work(adopted)
    stand_again(app, adopted)
    (found,) = reconcile(app)
    assert (found.code, found.severity) == (DivergenceCode.AFTER_REMOVAL, DivergenceSeverity.ALARM)
    assert app.get(adopted).observed is Observed.GONE
    decide(app, found, Decision.REMOVE)
    app.work(adopted)
    assert app.bureau.records_on_file() == []
    assert reconcile(app) == []


def test_unknown_record_is_offered_for_adoption(app: AppFixture) -> None:
    add_record(app, "OLD-1")
    (found,) = reconcile(app)
    assert (found.code, found.negativation_id) == (DivergenceCode.UNKNOWN_RECORD, None)
    assert "OLD-1" in found.theirs
    assert "90010020055" not in found.theirs + found.subject
    with pytest.raises(InvalidInput):
        decide(app, found, Decision.REMOVE)
    app.adoption.adopt(ANA, app.integration_id, app.adoption.bureau_list(ANA, app.integration_id))
    assert reconcile(app) == []


def test_adoption_of_an_unknown_record_ends_its_alarm(app: AppFixture) -> None:
    add_record(app, "OLD-1")
    (found,) = reconcile(app)
    source = app.adoption.bureau_list(ANA, app.integration_id)
    app.adoption.preview(ANA, app.integration_id, source)
    assert bureau_side(app) == [found]
    app.adoption.adopt(ANA, app.integration_id, source)
    assert bureau_side(app) == []  # at once: it may leave before the next list, which then shows it no more
    assert app.listeners.divergences[-1] == replace(found, closed_at=app.clock.now())


def test_unknown_record_that_is_not_ours_is_decided_once(app: AppFixture) -> None:
    add_record(app, "OLD-1")
    (found,) = reconcile(app)
    decide(app, found, Decision.KEEP)
    app.bureau.records[-1].order = replace(app.bureau.records[-1].order, amount=Money(1))
    (same,) = reconcile(app)
    assert (same.id, same.decision) == (found.id, Decision.KEEP)
    app.bureau.records.clear()
    assert [each.id for each in reconcile(app)] == [found.id]  # one list that misses it proves nothing
    assert reconcile(app) == []


def test_contracts_of_others_and_a_shared_account(app: AppFixture) -> None:
    add_record(app, "OLD-1")
    add_record(app, "OLD-2")
    settings = IntegrationSettings(foreign_contract_prefixes=("OLD-1",))
    app.integrations.edit(ANA, app.integration_id, settings=settings)
    (found,) = reconcile(app)
    assert "OLD-2" in found.theirs
    app.integrations.edit(ANA, app.integration_id, settings=replace(settings, shared_account=True))
    (count,) = [each for each in reconcile(app) if each.subject == app.integration_id]
    assert (count.severity, count.theirs) == (DivergenceSeverity.NOTICE, "1 registro(s)")


def test_record_that_is_gone_waits_for_a_person_who_closes_it(app: AppFixture) -> None:
    included = app.included("i1")
    app.bureau.records.clear()
    (found,) = reconcile(app)
    assert (found.code, found.severity) == (DivergenceCode.NOT_THERE, DivergenceSeverity.ALARM)
    assert app.get(included).observed is Observed.PRESENT
    assert codes(reconcile(app)) == [DivergenceCode.NOT_THERE]
    decide(app, found, Decision.REMOVE)
    closed = app.get(included)
    assert (closed.observed, closed.triggers[-1].cause) == (Observed.GONE, RemovalCause.BUREAU)
    app.sweep.run()
    assert reconcile(app) == []
    assert app.negativate("i1").id != included.id


def test_record_that_is_gone_and_kept_is_watched_until_it_is_seen(app: AppFixture) -> None:
    included = app.included("i1")
    kept = list(app.bureau.records)
    app.bureau.records.clear()
    (found,) = reconcile(app)
    decide(app, found, Decision.KEEP)
    assert [each.decision for each in reconcile(app)] == [Decision.KEEP]
    app.bureau.records += kept
    assert reconcile(app) == []
    assert app.get(included).desired is Desired.INCLUDED


def test_list_that_is_cut_is_no_absence_where_the_gateway_can_look_up(app: AppFixture) -> None:
    app.included("i1")
    app.bureau.list_records = lambda: iter(())  # type: ignore[method-assign]
    assert reconcile(app) == []


def test_too_many_absent_are_one_alarm_until_a_person_continues(app: AppFixture) -> None:
    made = many(app, 21)
    app.bureau.records.clear()
    (found,) = reconcile(app)
    assert (found.code, found.subject) == (DivergenceCode.SUSPECT_LIST, app.integration_id)
    assert codes(reconcile(app)) == [DivergenceCode.SUSPECT_LIST]
    with pytest.raises(InvalidInput):
        decide(app, found, Decision.REMOVE)
    decide(app, found, Decision.CONTINUE)
    assert codes(reconcile(app)) == [DivergenceCode.NOT_THERE] * len(made)
    assert codes(reconcile(app, 2 * DAY)) == [DivergenceCode.NOT_THERE] * len(made)


@pytest.mark.parametrize(("cents", "code"), [(20_000, DivergenceCode.LOWER_AMOUNT), (5_000, DivergenceCode.DIFFERS)])
def test_amount_that_differs_is_shown_side_by_side(app: AppFixture, cents: int, code: DivergenceCode) -> None:
    included = app.included("i1")
    record = record_of(app, included)
    before = record.order
    record.order = replace(before, amount=Money(cents))
    (found,) = reconcile(app)
    assert (found.code, found.severity) == (code, DivergenceSeverity.NOTICE)
    assert str(Money(cents)) in found.theirs
    record.order = before
    assert reconcile(app) == []


def test_due_date_that_differs_is_shown(app: AppFixture) -> None:
    included = app.included("i1")
    record = record_of(app, included)
    record.order = replace(record.order, due_date=included.due_date + DAY)
    assert codes(reconcile(app)) == [DivergenceCode.DIFFERS]


def test_duplicate_is_removed_alone(app: AppFixture) -> None:
    included = app.included("i1")
    app.bureau.records.append(replace(record_of(app, included), bureau_id="TWICE"))
    (found,) = reconcile(app)
    assert (found.code, found.theirs) == (DivergenceCode.DUPLICATE, "TWICE")
    assert codes(reconcile(app)) == [DivergenceCode.DUPLICATE]
    decide(app, found, Decision.REMOVE)
    twin = next(each for each in app.negativations.list(ANA).items if each.bureau_id == "TWICE")
    app.work(twin)
    assert [each.bureau_id for each in app.bureau.records_on_file()] == [included.bureau_id]
    assert app.get(included).desired is Desired.INCLUDED
    assert reconcile(app) == []


def test_our_record_under_another_id_is_an_alarm_and_is_removed_by_it(app: AppFixture) -> None:
    included = app.included("i1")
    record_of(app, included).bureau_id = "MOVED"
    (found,) = reconcile(app)
    assert (found.code, found.theirs) == (DivergenceCode.OTHERS_RECORD, "MOVED")
    assert codes(reconcile(app)) == [DivergenceCode.OTHERS_RECORD]
    decide(app, found, Decision.REMOVE)
    app.work(included)
    assert app.bureau.records_on_file() == []


def test_id_that_shows_another_debtor_is_an_alarm_and_nothing_is_sent(app: AppFixture) -> None:
    included = app.included("i1")
    record = record_of(app, included)
    record.order = replace(record.order, document=parse_document(OTHER_CPF), reference="X")
    (found,) = reconcile(app)
    assert (found.code, found.negativation_id) == (DivergenceCode.OTHERS_RECORD, included.id)
    decide(app, found, Decision.REMOVE)
    assert app.get(included).is_closed
    assert [each.state for each in app.bureau.records] == [RecordState.PRESENT]
    (unknown,) = [each for each in reconcile(app) if each.id != found.id]
    assert unknown.code is DivergenceCode.UNKNOWN_RECORD
    assert [each.id for each in reconcile(app) if each.id != found.id] == [unknown.id]


def test_doubt_ends_by_what_the_list_shows(app: AppFixture) -> None:
    """As after a restore: the inclusion was sent after the backup."""
    pending = app.negativate("i1")
    app.included("i2")
    add_record(app, pending.reference, due=pending.due_date)
    assert reconcile(app) == []
    found = app.get(pending)
    assert (found.observed, found.bureau_id) == (Observed.PRESENT, app.bureau.records[-1].bureau_id)


def test_what_changed_later_than_the_list_less_the_quiet_period_is_not_compared(app: AppFixture) -> None:
    gone = removed(app)
    stand_again(app, gone)
    assert reconcile(app, timedelta(minutes=1)) == []
    assert codes(reconcile(app)) == [DivergenceCode.AFTER_REMOVAL]


def test_brake_holds_what_would_be_reopened(app: AppFixture) -> None:
    made = many(app, 22)
    for each in made:
        app.paid(each.invoices[0].invoice_id)
    app.payments.apply()
    for each in made:
        stand_again(app, app.work(each))
    found = reconcile(app)
    assert codes(found).count(DivergenceCode.AFTER_REMOVAL) == len(made)
    assert sum(not app.get(each).is_closed for each in made) == 20
    (brake,) = [each for each in found if each.code is DivergenceCode.BRAKE]
    decide(app, brake, Decision.CONTINUE)
    for each in made:
        app.work(each)
    app.later(HOUR)
    run(app)
    assert sum(not app.get(each).is_closed for each in made) == 2


# ------------------------------------------------------------------------------------------------ other gateways


def over(sqlite: SqlStorage, capabilities: Capabilities) -> AppFixture:
    made = AppFixture(sqlite, bureau=FakeBureau(capabilities, synchronous=True))
    made.register()
    return made


def test_without_a_list_each_record_is_looked_up(sqlite: SqlStorage) -> None:
    app = over(sqlite, WITHOUT_LIST)
    app.included("i1")
    app.included("i2")
    app.bureau.records.pop(0)
    assert codes(reconcile(app)) == [DivergenceCode.NOT_THERE]
    assert "list_records" not in app.bureau.calls


def test_without_a_list_the_sweep_looks_up_what_was_not_seen_for_thirty_days(sqlite: SqlStorage) -> None:
    app = over(sqlite, WITHOUT_LIST)
    app.included("i1")
    app.bureau.records.clear()
    app.bureau.calls.clear()
    app.later(29 * DAY)
    app.sweep.run()
    assert "find" not in app.bureau.calls
    app.later(DAY + HOUR)
    app.sweep.run()
    assert codes(bureau_side(app)) == [DivergenceCode.NOT_THERE]


def test_without_look_up_two_lists_an_hour_apart_show_an_absence(sqlite: SqlStorage) -> None:
    app = over(sqlite, WITHOUT_FIND)
    app.included("i1")
    reconcile(app)
    kept = list(app.bureau.records)
    app.bureau.records.clear()
    assert reconcile(app, 2 * HOUR) == []
    assert reconcile(app, timedelta(minutes=10)) == []
    assert codes(reconcile(app, HOUR)) == [DivergenceCode.NOT_THERE]
    app.bureau.records += kept
    assert reconcile(app) == []


def test_gateway_that_can_neither_list_nor_look_up_needs_a_file(sqlite: SqlStorage) -> None:
    app = over(sqlite, replace(WITHOUT_FIND, list_records=False))
    with pytest.raises(RuleViolation):
        run(app)


# ------------------------------------------------------------------------------------------------ how it runs


def test_bureau_that_fails_in_the_middle_closes_nothing_and_is_read_again(app: AppFixture) -> None:
    app.included("i1")
    app.later(HOUR)
    app.bureau.fail_next("list_records", BureauUnavailable("O birô não responde."))
    stopped = run(app)
    assert (stopped.is_ended, stopped.stopped) == (False, "O birô não responde.")
    assert run(app).is_ended


def test_pass_rests_while_a_removal_is_due(app: AppFixture) -> None:
    app.included("i1")
    app.paid("i1")
    app.payments.apply()
    rests: list[float] = []
    resting = Reconciliation(app.ports, sleep=rests.append)
    app.later(HOUR)
    stopped = resting.run(ANA, app.integration_id)
    assert not stopped.is_ended
    assert "remoções" in stopped.stopped
    assert sum(rests) >= 60
    assert "list_records" not in app.bureau.calls


def test_pass_takes_a_fifth_of_the_rate(sqlite: SqlStorage) -> None:
    app = over(sqlite, WITHOUT_LIST)
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(rate_per_second=2))
    for invoice_id in ("i1", "i2", "i3"):
        app.included(invoice_id)
    app.later(HOUR)
    began = app.clock.now()
    Reconciliation(app.ports, sleep=lambda seconds: app.later(timedelta(seconds=seconds))).run(ANA, app.integration_id)
    assert app.clock.now() - began == 2 * timedelta(seconds=2.5)


def test_two_passes_of_one_integration_exclude_each_other(app: AppFixture) -> None:
    app.included("i1")
    app.later(HOUR)
    refused: list[Exception] = []

    def second(operation: str) -> None:
        if operation == "list_records":
            with pytest.raises(Conflict) as caught:
                run(app)
            refused.append(caught.value)

    app.bureau.before = second
    assert run(app).is_ended
    assert len(refused) == 1


def test_sweep_reconciles_each_night(app: AppFixture) -> None:
    gone = removed(app)
    stand_again(app, gone)
    app.later(HOUR)
    app.sweep.run()
    assert app.bureau.calls.count("list_records") == 0
    app.later(DAY)
    app.sweep.run()
    app.later(HOUR)
    app.sweep.run()
    assert app.bureau.calls.count("list_records") == 1
    assert codes(bureau_side(app)) == [DivergenceCode.AFTER_REMOVAL]


def test_bureau_that_fails_at_night_is_asked_again_an_hour_later(app: AppFixture) -> None:
    app.included("i1")
    app.later(DAY)
    app.bureau.fail_next("list_records", BureauUnavailable("O birô não responde."))
    for _ in range(3):
        app.sweep.run()
    assert app.bureau.calls.count("list_records") == 1
    app.later(HOUR)
    app.sweep.run()
    assert app.bureau.calls.count("list_records") == 2


def test_pass_needs_a_permission_and_is_audited(app: AppFixture) -> None:
    app.later(HOUR)
    with pytest.raises(PermissionDenied):
        app.reconciliation.run(Actor.with_role("eva", "Eva", "atendente"), app.integration_id)
    run(app)
    (entry,) = [each for each in app.audit(app.integration_id) if each.act == "reconciliation.run"]
    assert (entry.actor_id, entry.after["is_ended"]) == ("ana", "True")


# ------------------------------------------------------------------------------------------------ after an outage


def test_after_a_restore_inclusions_wait_and_removals_go_on(app: AppFixture) -> None:
    included = app.included("i1")
    app.reconciliation.declare_restored(ANA, remark="backup de ontem")
    waiting = app.negativate("i2")
    app.perform(waiting)
    held = app.get(waiting)
    assert (held.observed, held.transmission.last_error) == (Observed.ABSENT, "depois_da_restauracao")
    assert app.bureau.calls.count("include") == 1
    assert "inclusoes_em_espera" in {each.code.value for each in app.alarms.check(ANA)}
    app.paid("i1")
    app.payments.apply()
    assert app.work(included).observed is Observed.GONE

    with pytest.raises(RuleViolation, match="Falta reconciliar"):
        app.reconciliation.continue_inclusions(ANA, remark="conferido")
    reconcile(app)
    with pytest.raises(InvalidInput):
        app.reconciliation.continue_inclusions(ANA, remark=" ")
    with pytest.raises(RuleViolation):
        app.reconciliation.continue_inclusions(replace(ANA, is_person=False), remark="conferido")
    assert not app.reconciliation.continue_inclusions(ANA, remark="conferido").is_held
    assert app.work(waiting).observed is Observed.PRESENT
    assert {"installation.restored", "installation.continue"} <= set(app.acts("installation"))
    with pytest.raises(Conflict):
        app.reconciliation.continue_inclusions(ANA, remark="conferido")


def test_payment_cancels_an_inclusion_that_waits(app: AppFixture) -> None:
    app.reconciliation.declare_restored(ANA)
    waiting = app.negativate("i1")
    app.paid("i1")
    app.payments.apply()
    assert app.get(waiting).is_closed


def test_heartbeat_older_than_a_day_holds_inclusions(app: AppFixture) -> None:
    app.sweep.run(by_worker=True)
    app.later(DAY)
    assert app.work(app.negativate("i1")).observed is Observed.PRESENT
    app.sweep.run(by_worker=True)
    app.later(DAY + HOUR)
    waiting = app.negativate("i2")
    app.perform(waiting)
    assert app.get(waiting).transmission.last_error == "depois_da_restauracao"
    app.sweep.run(by_worker=True)  # it also reconciles at once
    assert app.bureau.calls[-1] == "list_records"
    state = app.reconciliation.hold(ANA)
    assert (state.is_held, list(state.pending)) == (True, [])
    app.reconciliation.continue_inclusions(ANA, remark="conferido")
    assert app.work(waiting).observed is Observed.PRESENT


def test_restore_needs_an_administrator_of_all_creditors(app: AppFixture) -> None:
    for actor in (Actor.with_role("eva", "Eva", "operador"), replace(ANA, creditor_ids=frozenset({"1"})), SYSTEM):
        with pytest.raises(PermissionDenied):
            app.reconciliation.declare_restored(actor)


# ------------------------------------------------------------------------------------------------ helpers


def many(app: AppFixture, count: int) -> list[Negativation]:
    made = []
    for number in range(count):
        app.erp.add_invoice(f"m{number}", "c1", DUE + DAY)
        made.append(app.included(f"m{number}"))
    return made


def add_record(app: AppFixture, reference: str, due: date = DUE + DAY) -> None:
    """A record at the bureau that this installation did not make."""
    template = app.bureau.records[0].order if app.bureau.records else _order(app)
    order = replace(template, reference=reference, due_date=due)
    app.bureau.records.append(FakeRecord(order, f"X{len(app.bureau.records)}", RecordState.PRESENT))


def _order(app: AppFixture) -> InclusionOrder:
    made = app.included("i3")
    order = record_of(app, made).order
    app.negativations.delete(ANA, made.id)
    app.work(made)
    app.bureau.records.clear()
    return order


def adopt(app: AppFixture, reference: str) -> Negativation:
    add_record(app, reference)
    app.adoption.adopt(ANA, app.integration_id, app.adoption.bureau_list(ANA, app.integration_id))
    return next(each for each in app.negativations.list(ANA).items if each.reference == reference)


def test_portal_counts_open_notices_and_never_act(app: AppFixture) -> None:
    included = app.included("i1")
    calls = len(app.bureau.calls)

    def compare(**counts: int) -> list[Divergence]:
        summary = app.reconciliation.compare_counts(ANA, app.integration_id, {CPF: OperationCounts(**counts)})
        assert summary.is_ended
        return bureau_side(app)

    assert compare(included=1) == []
    (found,) = compare(included=3, removed=1)
    assert (found.code, found.severity) == (DivergenceCode.DIFFERS, DivergenceSeverity.NOTICE)
    assert CPF not in found.subject + found.ours + found.theirs
    assert [each.id for each in compare(included=3, removed=1)] == [found.id]
    assert compare(included=2, removed=1) == []
    assert compare(included=3, processing=1) == []
    assert len(app.bureau.calls) == calls
    assert app.get(included).desired is Desired.INCLUDED


# ------------------------------------------------------------------------------------------------ unconfirmed records


def unconfirmed(app: AppFixture, reference: str) -> Negativation:
    """A record that a file told: the bureau never acknowledged it."""
    adopted = adopt(app, reference)
    with app.storage.unit() as unit:
        unit.negativations.save(replace(unit.negativations.get(adopted.id), known_at=None, bureau_id=None))
        unit.commit()
    return app.get(adopted)


def test_unconfirmed_record_that_the_bureau_shows_is_confirmed(app: AppFixture) -> None:
    adopted = unconfirmed(app, "4711")
    assert reconcile(app) == []
    confirmed = app.get(adopted)
    assert confirmed.known_at is not None
    assert (confirmed.observed, confirmed.bureau_id) == (Observed.PRESENT, record_of(app, adopted).bureau_id)


def test_contract_that_a_spreadsheet_spoiled_is_one_alarm_with_the_near_miss(app: AppFixture) -> None:
    adopted = unconfirmed(app, "4711")
    record = record_of(app, adopted)
    record.order = replace(record.order, reference="0004711")
    (found,) = reconcile(app)
    assert (found.code, found.negativation_id) == (DivergenceCode.NOT_FOUND, adopted.id)
    assert "0004711" in found.theirs
    assert not app.get(adopted).is_closed  # only a person closes it
    assert [each.id for each in reconcile(app)] == [found.id]
    decide(app, found, Decision.REMOVE)
    assert app.get(adopted).is_closed
    app.sweep.run()
    assert codes(reconcile(app)) == [DivergenceCode.UNKNOWN_RECORD]  # now it can be adopted by its true contract


def test_unconfirmed_records_are_looked_up_first(sqlite: SqlStorage) -> None:
    app = over(sqlite, replace(WITHOUT_LIST, list_records=True))
    app.included("i2")
    app.included("i3")
    last = unconfirmed(app, "4711")
    app.bureau.capabilities = WITHOUT_LIST
    app.later(HOUR)
    asked: list[str] = []
    find = app.bureau.find
    app.bureau.find = lambda key: (asked.append(key.reference), find(key))[1]  # type: ignore[method-assign, func-returns-value]
    run(app)
    assert asked[0] == last.reference
    assert len(asked) == 3


# ------------------------------------------------------------------------------------------------ any differences


def delete(app: AppFixture, record: FakeRecord) -> None:
    app.bureau.records.remove(record)


def show_again(_app: AppFixture, record: FakeRecord) -> None:
    record.state = RecordState.PRESENT


def change_amount(_app: AppFixture, record: FakeRecord) -> None:
    record.order = replace(record.order, amount=Money(1 + record.order.amount.cents * 2))


def repeat(app: AppFixture, record: FakeRecord) -> None:
    app.bureau.records.append(replace(record, bureau_id=f"{record.bureau_id}-2", state=RecordState.PRESENT))


def rename(_app: AppFixture, record: FakeRecord) -> None:
    record.bureau_id = f"{record.bureau_id}-3"


def add_foreign(app: AppFixture, record: FakeRecord) -> None:
    order = replace(record.order, reference=f"X{record.bureau_id}")
    app.bureau.records.append(FakeRecord(order, f"{record.bureau_id}-4", RecordState.PRESENT))


def leave(_app: AppFixture, _record: FakeRecord) -> None:
    pass


CHANGES = (delete, show_again, change_amount, repeat, rename, add_foreign, leave)


@pytest.mark.parametrize("seed", range(8))
def test_second_pass_right_after_the_first_opens_nothing(sqlite: SqlStorage, seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - a seed, not a secret
    app = over(sqlite, Capabilities(registry=Registry.SPC, grouping=True, list_records=True))
    made = many(app, 14)
    for each in made[:5]:
        app.paid(each.invoices[0].invoice_id)
    app.payments.apply()
    for each in made[:5]:
        app.work(each)
    for record in list(app.bureau.records):
        chosen.choice(CHANGES)(app, record)
    app.later(HOUR)
    while not run(app).is_ended:  # it rests while what it reopened is to be removed
        for each in made:
            app.work(each)
    first = {each.id for each in bureau_side(app)}
    for _ in range(3):
        app.later(timedelta(minutes=1))
        second = run(app)
        assert second.is_ended
        assert second.opened == {}
        assert {each.id for each in bureau_side(app)} <= first
