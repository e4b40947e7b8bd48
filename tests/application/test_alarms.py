"""Alarms: for a monitor, once a day for a hook, and the reason why a removal waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.alarms import CHECK_BATCH_SIZE, Alarms
from credit_protection.domain.alarms import AlarmCode, AlarmSettings, AlarmSeverity
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.errors import ConfigurationError, CredentialsRejected, HostUnavailable, PermissionDenied
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.testing.fakes import FakeErp
from tests.application.app import ANA, DAY, DUE, TODAY

if TYPE_CHECKING:
    from credit_protection.domain.actors import Actor
    from tests.application.app import AppFixture

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def healthy(app: AppFixture) -> AppFixture:
    """A tenant with one record at the bureau, swept by a worker just now."""
    app.included("i1")
    app.sweep.run(by_worker=True)
    return app


def codes(app: AppFixture, actor: Actor = ANA) -> list[str]:
    return [alarm.code for alarm in Alarms(app.ports).check(actor)]


def test_tenant_without_negativations_has_no_alarms_once_an_integration_is_registered(empty_app: AppFixture) -> None:
    assert codes(empty_app) == [AlarmCode.NOT_CONFIGURED]  # it may be another database than the worker's
    empty_app.register()
    assert codes(empty_app) == []


def test_healthy_tenant_has_no_alarms(healthy: AppFixture) -> None:
    assert codes(healthy) == []


def test_missing_heartbeats_raise_alarms(app: AppFixture) -> None:
    app.included("i1")
    assert codes(app) == [AlarmCode.HOST_NOT_READ, AlarmCode.WORKER_STOPPED]
    app.sweep.run()
    assert codes(app) == [AlarmCode.WORKER_STOPPED]  # a sweep by a command is no worker's heartbeat


def test_paid_negativation_raises_an_alarm_two_business_days_before_its_deadline(healthy: AppFixture) -> None:
    settlement_days: list[list[str]] = []
    healthy.paid("i1", on=TODAY)  # a Tuesday: five business days are over on the next
    for _ in range(8):
        healthy.sweep.run(by_worker=True)
        settlement_days.append(codes(healthy))
        healthy.later(DAY)
    near, reached = [AlarmCode.DEADLINE_NEAR], [AlarmCode.DEADLINE_REACHED]
    assert settlement_days == [[], [], [], near, near, near, near, reached]
    notified = [(alarm.code, alarm.day - TODAY) for alarm in healthy.listeners.alarms]
    assert notified == [
        *((AlarmCode.DEADLINE_NEAR, n * DAY) for n in (3, 4, 5, 6)),
        (AlarmCode.DEADLINE_REACHED, 7 * DAY),
    ]


def test_listeners_are_notified_of_an_alarm_once_a_day(healthy: AppFixture) -> None:
    made = healthy.included("i2")
    healthy.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    assert [healthy.sweep.run(by_worker=True).alarms for _ in range(3)] == [1, 0, 0]
    healthy.later(DAY)
    assert [healthy.sweep.run(by_worker=True).alarms for _ in range(2)] == [1, 0]
    assert len(healthy.listeners.alarms) == 2


def test_silence_alarms_depend_on_the_age_of_the_heartbeats(healthy: AppFixture) -> None:
    healthy.later(10 * MINUTE)
    assert codes(healthy) == []
    healthy.later(MINUTE)
    assert codes(healthy) == [AlarmCode.WORKER_STOPPED]
    healthy.later(24 * HOUR)
    assert codes(healthy) == [AlarmCode.HOST_NOT_READ, AlarmCode.WORKER_STOPPED]
    lenient = AlarmSettings(host_unread_for=100 * HOUR, worker_unseen_for=100 * HOUR)
    assert Alarms(healthy.ports, lenient).check(ANA) == []


def test_unreadable_host_raises_an_alarm_in_the_same_sweep(healthy: AppFixture) -> None:
    def down(_: str) -> None:
        raise HostUnavailable("O ERP não responde.")

    healthy.erp.before = down
    healthy.later(25 * HOUR)
    swept = healthy.sweep.run(by_worker=True)
    assert (swept.host_failed, swept.alarms) == ("O ERP não responde.", 2)
    found = [alarm.code for alarm in healthy.listeners.alarms]
    assert found == [AlarmCode.HOST_NOT_READ, AlarmCode.INCLUSIONS_HELD]  # no worker was seen for a day


def test_pause_raises_an_alarm_only_while_removals_wait(healthy: AppFixture) -> None:
    made = healthy.included("i2")
    healthy.bureau.fail_next("remove", CredentialsRejected("O birô recusou as credenciais."))
    healthy.negativations.delete(ANA, made.id)
    assert AlarmCode.INTEGRATION_PAUSED not in codes(healthy)
    healthy.perform(made)
    assert AlarmCode.INTEGRATION_PAUSED not in codes(healthy)  # the bureau may be away for a moment
    healthy.later(11 * MINUTE)
    assert AlarmCode.INTEGRATION_PAUSED in codes(healthy)
    wait = Alarms(healthy.ports).wait_reasons([healthy.get(made)])[made.id]
    assert "pausada" in wait.reason
    assert wait.business_days_left == 2


def test_removal_that_needs_a_person_raises_an_alarm(healthy: AppFixture) -> None:
    made = healthy.included("i2")
    healthy.negativations.delete(ANA, made.id)
    healthy.negativations.stop_trying(ANA, made.id, "Falando com o birô.")
    assert AlarmCode.NEEDS_PERSON in codes(healthy)
    assert Alarms(healthy.ports).wait_reasons([healthy.get(made)])[made.id].reason == "Falando com o birô."


def test_check_counts_at_most_one_batch(healthy: AppFixture) -> None:
    for number in range(CHECK_BATCH_SIZE + 3):
        healthy.erp.add_invoice(f"m{number}", "c1", DUE, Money(1000))
        made = healthy.negativate(f"m{number}")
        healthy.bureau.synchronous = True
        healthy.perform(made)
        healthy.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    (alarm,) = Alarms(healthy.ports).check(ANA)
    assert (alarm.count, alarm.is_more) == (CHECK_BATCH_SIZE, True)


def test_actor_sees_alarms_of_the_own_creditor_only(healthy: AppFixture) -> None:
    made = healthy.included("i2")
    healthy.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    assert codes(healthy, replace(ANA, creditor_ids=frozenset({"1"}))) == [AlarmCode.DEADLINE_REACHED]
    assert codes(healthy, replace(ANA, creditor_ids=frozenset({"2"}))) == []
    with pytest.raises(PermissionDenied):
        codes(healthy, replace(ANA, permissions=frozenset()))


def test_sweep_completes_where_notifying_of_alarms_fails(healthy: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy.uninstall_gateway()
    monkeypatch.setattr(healthy.listeners, "alarm", lambda _: 1 / 0)
    healthy.later(25 * HOUR)
    assert healthy.sweep.run(by_worker=True).alarms == 0


# ------------------------------------------------------------------------------------------------ silence


def record(app: AppFixture, *settlement_ids: str) -> None:
    """Payments that are recorded and not applied."""
    with app.storage.unit() as unit:
        for each in settlement_ids:
            payment = Settlement(each, "i1", SettlementKind.PAYMENT, TODAY)
            unit.settlements.record(app.erp.code, payment, app.clock.now())
        unit.commit()


def test_settlement_that_waits_for_ten_minutes_raises_an_alarm(healthy: AppFixture) -> None:
    record(healthy, "p1", "p2")
    healthy.later(10 * MINUTE)
    assert codes(healthy) == []
    healthy.later(MINUTE)
    (alarm,) = [each for each in Alarms(healthy.ports).check(ANA) if each.code is AlarmCode.UNAPPLIED]
    assert (alarm.severity, alarm.count, alarm.is_more) == (AlarmSeverity.CRITICAL, 2, False)
    assert "há 11 min (faturas i1)" in alarm.message
    healthy.sweep.run(by_worker=True)
    assert codes(healthy) == []


def test_missing_gateway_is_critical_while_something_is_negativated(healthy: AppFixture) -> None:
    healthy.register(description="Outra conta")
    spare = healthy.uninstall_gateway()
    (alarm,) = Alarms(healthy.ports).check(ANA)
    assert (alarm.code, alarm.severity, alarm.subject) == (AlarmCode.GATEWAY_MISSING, AlarmSeverity.WARNING, spare)
    healthy.integration_id = next(one.id for one in healthy.integrations.list(ANA) if one.id != spare)
    healthy.uninstall_gateway()
    first, second = Alarms(healthy.ports).check(ANA)
    assert (first.severity, first.count) == (AlarmSeverity.CRITICAL, 1)
    assert "'uninstalled'" in first.message
    assert second == alarm


def test_step_that_fails_in_the_sweep_raises_an_alarm_until_it_succeeds(
    healthy: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        failing.setattr(healthy.queries, "expire_unanswered", lambda: 1 / 0)
        record(healthy, "p1")
        swept = healthy.sweep.run(by_worker=True)
        assert (swept.failed_steps, swept.applied, swept.alarms) == (("queries",), 1, 1)  # the rest is done
    (alarm,) = Alarms(healthy.ports).check(ANA)
    assert (alarm.code, alarm.subject) == (AlarmCode.SWEEP_FAILED, "queries")
    assert "ZeroDivisionError" in alarm.message
    healthy.sweep.run(by_worker=True)
    assert codes(healthy) == []


def test_configuration_error_ends_the_sweep(healthy: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise ConfigurationError("Falta o plugin.")

    monkeypatch.setattr(healthy.queries, "expire_unanswered", refuse)
    with pytest.raises(ConfigurationError):
        healthy.sweep.run()


def test_environment_without_the_erp_of_open_negativations_raises_alarms(healthy: AppFixture) -> None:
    other = Alarms(replace(healthy.ports, host=FakeErp(code="local")))
    (alarm,) = other.check(ANA)
    assert (alarm.code, alarm.severity, alarm.subject) == (
        AlarmCode.HOST_NOT_CONFIGURED,
        AlarmSeverity.WARNING,
        "fake-erp",
    )
    healthy.later(25 * HOUR)
    other.record_heartbeat()
    found = [(each.code, each.subject) for each in other.check(ANA) if each.severity is AlarmSeverity.CRITICAL]
    assert found == [(AlarmCode.HOST_NOT_READ, "fake-erp"), (AlarmCode.HOST_NOT_CONFIGURED, "fake-erp")]


def test_divergences_that_await_a_person_sound_once_for_each_integration_and_code(healthy: AppFixture) -> None:
    second = healthy.included("i2")
    for invoice_id in ("i1", "i2"):
        healthy.erp.set_status(invoice_id, InvoiceStatus.WRITTEN_OFF)
    healthy.later(5 * HOUR)
    healthy.sweep.run(by_worker=True)
    (alarm,) = [each for each in Alarms(healthy.ports).check(ANA) if each.code is DivergenceCode.WRITTEN_OFF]
    assert (alarm.subject, alarm.count, alarm.severity) == (second.integration_id, 2, AlarmSeverity.WARNING)
    assert "divergences list --code baixa_por_perda" in alarm.message
    assert codes(healthy, replace(ANA, creditor_ids=frozenset({"2"}))) == []
