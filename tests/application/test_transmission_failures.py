"""Failures of the bureau, of a row and of a process; the sweep as a whole."""

from __future__ import annotations

import sqlite3
import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integration_context import ContextLoader
from credit_protection.domain.breaker import CREDENTIALS_PAUSE
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.errors import (
    BureauUnavailable,
    ConfigurationError,
    Conflict,
    CredentialsRejected,
    InvalidInput,
    NoCredit,
    ProtocolError,
    RateLimited,
    Refused,
)
from credit_protection.domain.state_table import Action, Desired, Observed
from credit_protection.domain.statuses import Status, status
from tests.application.app import ANA, TODAY, AppFixture, run_concurrently
from tests.application.worker_steps import LEASE, LOST, MINUTE, Killed, action_of, die_after, during_call, performed

if TYPE_CHECKING:
    from credit_protection.application.integration_context import IntegrationContext
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation


# ------------------------------------------------------------------------------------------------ failures


def test_unavailable_bureau_is_retried_with_growing_delays(app: AppFixture) -> None:
    made = app.negativate("i1")
    waits: list[timedelta] = []
    for _ in range(3):
        app.bureau.fail_next("include", BureauUnavailable("Fora do ar."))
        performed(app, made)
        waits.append(app.get(made).transmission.due_at - app.clock.now())
        app.later(waits[-1])
    assert waits == sorted(set(waits))
    assert app.work(made).observed is Observed.PRESENT
    assert len(app.bureau.records) == 1


def test_refused_credentials_pause_the_integration_once_until_a_person_tests_it(app: AppFixture) -> None:
    first, second = app.negativate("i1"), app.negativate("i2")
    both_calls_started = threading.Barrier(2)

    def wait_for_the_other(_: str) -> None:
        both_calls_started.wait()

    app.bureau.before = wait_for_the_other
    for _ in range(2):
        app.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
    done = run_concurrently(2, lambda number: performed(app, (first, second)[number]).error)
    assert [type(error) for error in done] == [CredentialsRejected] * 2
    app.bureau.before = lambda _: None
    paused = app.integrations.get(ANA, app.integration_id)
    assert paused.paused_until == app.clock.now() + CREDENTIALS_PAUSE
    assert paused.pause_reason == "O birô recusou a senha."
    assert not app.transmissions.due(10)
    calls = len(app.bureau.calls)
    app.later(MINUTE)
    assert app.perform(first) is app.perform(second) is None
    assert len(app.bureau.calls) == calls
    assert app.transmissions.next_due_at() == paused.paused_until

    app.integrations.test(ANA, app.integration_id)  # a person repaired it
    assert {app.work(one).observed for one in (first, second)} == {Observed.PRESENT}


def test_pause_that_conflicts_with_another_process_is_dropped(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = app.negativate("i1")
    with app.storage.read_only() as unit:
        repository = type(unit.integrations)

    def conflict(_: object, integration: Integration) -> None:
        raise Conflict(f"{integration.description} mudou enquanto isso.")

    monkeypatch.setattr(repository, "save", conflict)
    app.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
    assert performed(app, made).negativation.observed is Observed.ABSENT
    assert [event.kind.value for event in app.listeners.events][-1] == "not_executed"


def test_throttling_bureau_pauses_the_integration_until_retry_at(app: AppFixture) -> None:
    first, second = app.negativate("i1"), app.negativate("i2")
    retry_at = app.clock.now() + timedelta(minutes=7)
    app.bureau.fail_next("include", RateLimited("Devagar.", retry_at=retry_at))
    performed(app, first)
    assert app.integrations.get(ANA, app.integration_id).paused_until == retry_at
    assert app.perform(second) is None
    app.later(timedelta(minutes=7))
    assert {app.work(one).observed for one in (first, second)} == {Observed.PRESENT}


def test_shorter_pause_does_not_end_a_longer_one(app: AppFixture) -> None:
    first, second = app.negativate("i1"), app.negativate("i2")
    soon = app.clock.now() + MINUTE

    def perform_the_second() -> None:
        app.bureau.fail_next("include", CredentialsRejected("O birô recusou a senha."))
        performed(app, second)

    during_call(app, "include", perform_the_second)
    app.bureau.fail_next("include", RateLimited("Devagar.", retry_at=soon), executed=True)
    performed(app, first)
    assert app.integrations.get(ANA, app.integration_id).paused_until == app.clock.now() + CREDENTIALS_PAUSE


def test_missing_credit_blocks_until_a_person_resumes(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", NoCredit("Sem crédito no birô. Recarregue."))
    performed(app, made)
    waiting = app.get(made)
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.message == "Sem crédito no birô. Recarregue."
    assert status(waiting, TODAY) is Status.NEEDS_PERSON
    assert not app.transmissions.due(10)
    app.negativations.resume(ANA, made.id)
    assert app.work(made).observed is Observed.PRESENT


def test_refused_removal_needs_a_person_and_keeps_its_deadline(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")
    app.bureau.fail_next("remove", Refused("Registro bloqueado por ordem judicial."))
    performed(app, included)
    blocked = app.get(included)
    assert (blocked.observed, blocked.desired) == (Observed.PRESENT, Desired.REMOVED)
    assert blocked.transmission.block is not None
    assert "ordem judicial" in blocked.transmission.block.message
    assert blocked.transmission.is_open
    assert blocked.transmission.deadline == date(2026, 12, 1)
    assert app.event_kinds(included)[-2:] == ["removal_refused", "needs_person"]
    app.negativations.resume(ANA, included.id)
    assert app.work(included).observed is Observed.GONE


def test_removal_refused_after_acceptance_needs_a_person(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")
    performed(app, included)
    app.bureau.records[0].state = RecordState.REMOVAL_REFUSED
    app.later(MINUTE)
    performed(app, included)
    assert status(app.get(included), TODAY) is Status.NEEDS_PERSON


def test_failed_lookup_changes_nothing_and_is_retried(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.bureau.fail_next("include", LOST, executed=True)
    performed(app, made)
    for error in (BureauUnavailable("Fora do ar."), ProtocolError("Não entendi."), Refused("Não quero.")):
        app.bureau.fail_next("find", error)
        app.clock.advance(app.get(made).transmission.due_at - app.clock.now())
        assert performed(app, made).error is error
        assert (app.get(made).observed, action_of(app, made)) == (Observed.IN_DOUBT_INCLUDE, Action.LOOK_UP)
    assert app.work(made).observed is Observed.PRESENT


def test_unexpected_gateway_error_leaves_the_doubt_and_is_looked_up(
    app: AppFixture, caplog: pytest.LogCaptureFixture
) -> None:
    made = app.negativate("i1")

    def bug(operation: str) -> None:
        if operation == "include":
            app.bureau.after = lambda _: None
            raise ZeroDivisionError

    app.bureau.after = bug
    done = performed(app, made)
    assert isinstance(done.error, ProtocolError)
    assert "ZeroDivisionError" in caplog.text
    assert (done.negativation.observed, done.negativation.transmission.claim) == (Observed.IN_DOUBT_INCLUDE, None)
    assert app.work(made).observed is Observed.PRESENT
    assert app.bureau.calls.count("include") == 1


def test_call_that_can_not_be_prepared_is_not_executed_and_needs_a_person(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1")
    elsewhere = AppFixture(app.storage, app.bureau, app.erp, app.clock)  # another process, which lost the key

    def lost_key(encrypted: str) -> str:
        assert encrypted
        raise ConfigurationError("A chave de cifragem mudou.")

    elsewhere.ports.vault.decrypt = lost_key  # type: ignore[method-assign] # lost
    elsewhere.perform(included)
    waiting = app.get(included)
    assert waiting.observed is Observed.PRESENT
    assert waiting.transmission.block is not None
    assert waiting.transmission.block.message == "A chave de cifragem mudou."
    assert "remove" not in app.bureau.calls
    app.negativations.resume(ANA, included.id)
    assert app.work(included).observed is Observed.GONE


# ------------------------------------------------------------------------------------------------ rows that fail


def break_row(monkeypatch: pytest.MonkeyPatch, broken: Negativation) -> None:
    """Nothing can be decided about this row."""
    load = ContextLoader.for_negativation

    def fail(self: ContextLoader, negativation: Negativation) -> IntegrationContext:
        if negativation.id == broken.id:
            raise InvalidInput("broken", field="gateway")
        return load(self, negativation)

    monkeypatch.setattr(ContextLoader, "for_negativation", fail)


def test_row_that_can_not_be_claimed_is_postponed_and_blocks_no_other(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, intact = app.negativate("i1"), app.negativate("i2")
    break_row(monkeypatch, failing)
    with pytest.raises(InvalidInput, match="broken"):
        app.perform(failing)
    assert [due.negativation_id for due in app.transmissions.due(10)] == [intact.id]
    assert app.get(failing).transmission.last_error == "erro_inesperado"
    assert app.work(intact).observed is Observed.PRESENT


def test_row_without_its_gateway_is_postponed_and_blocks_no_other(app: AppFixture) -> None:
    waiting = app.negativate("i1")
    integration_id = app.uninstall_gateway()
    app.register(description="Outra conta")
    intact = app.negativate("i2")
    assert performed(app, waiting).action is None
    assert [due.negativation_id for due in app.transmissions.due(10)] == [intact.id]
    assert app.get(waiting).transmission.last_error == "gateway_ausente"
    assert app.work(intact).observed is Observed.PRESENT
    app.install_gateway(integration_id)
    assert app.work(waiting).observed is Observed.PRESENT


def test_expired_row_that_can_not_be_claimed_is_postponed(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = app.negativate("i1")
    die_after(app, "include")
    with pytest.raises(Killed):
        app.perform(failing)
    break_row(monkeypatch, failing)
    app.later(LEASE)
    with pytest.raises(InvalidInput):
        app.perform(failing)
    assert not app.transmissions.due(10)
    app.later(MINUTE)
    assert [due.negativation_id for due in app.transmissions.due(10)] == [failing.id]


def test_row_that_the_sweep_can_not_release_blocks_no_other(
    app: AppFixture, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leased_by_a_dead_worker(invoice_id: str) -> Negativation:
        made = app.negativate(invoice_id)
        die_after(app, "include")
        with pytest.raises(Killed):
            app.perform(made)
        return made

    failing, intact = leased_by_a_dead_worker("i1"), leased_by_a_dead_worker("i2")
    break_row(monkeypatch, failing)
    app.later(LEASE)
    assert app.sweep.run().leases_released == 1
    assert failing.id in caplog.text
    assert action_of(app, intact) is Action.LOOK_UP


# ------------------------------------------------------------------------------------------------ the sweep as a whole


def test_sweep_finds_what_lost_processes_left_undone(app: AppFixture) -> None:
    claimed, reported, unreported = [app.negativate(each) for each in ("i1", "i2", "i3")]
    die_after(app, "include")
    with pytest.raises(Killed):
        app.perform(claimed)
    die_after(app, "query")
    with pytest.raises(Killed):
        app.query()
    app.erp.pay("i2", TODAY)
    app.erp.set_status("i3", InvoiceStatus.CANCELLED, TODAY)
    app.later(timedelta(minutes=11))

    swept = app.sweep.run()
    assert (swept.leases_released, swept.lost_queries, swept.found_by_polling, swept.applied) == (1, 1, 2, 2)
    assert {app.get(one).desired for one in (reported, unreported)} == {Desired.REMOVED}
    again = app.sweep.run()
    assert (again.leases_released, again.lost_queries, again.found_by_polling, again.applied) == (0, 0, 0, 0)


def test_sweep_applies_recorded_settlements_where_the_host_raises(
    app: AppFixture, caplog: pytest.LogCaptureFixture
) -> None:
    included = app.included("i1")
    with app.storage.unit() as unit:
        unit.settlements.record(app.erp.code, app.erp.pay("i1", TODAY), app.clock.now())
        unit.commit()

    def faulty(_: str) -> None:
        raise KeyError("vencimento")

    app.erp.before = faulty
    swept = app.sweep.run()
    assert (swept.applied, swept.host_failed) == (1, "Erro inesperado ao ler o ERP: KeyError.")
    assert "vencimento" in caplog.text
    assert app.get(included).desired is Desired.REMOVED


def test_unavailable_database_raises_and_sends_nothing(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = app.negativate("i1")

    def gone() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(app.storage, "unit", gone)
    with pytest.raises(sqlite3.OperationalError):
        app.perform(made)
    assert "include" not in app.bureau.calls
