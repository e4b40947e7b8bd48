"""What a monitor is told, what a hook is told once a day, and why a removal waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.alarms import LOOKED_AT, Alarms
from credit_protection.domain.alarms import AlarmCode, AlarmSettings
from credit_protection.domain.errors import CredentialsRejected, HostUnavailable, PermissionDenied
from credit_protection.domain.money import Money
from credit_protection.domain.reasons import RemovalReason
from tests.application.desk import ANA, DAY, DUE, TODAY

if TYPE_CHECKING:
    from credit_protection.domain.actors import Actor
    from tests.application.desk import Desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def quiet(shop: Desk) -> Desk:
    """A tenant with one record at the bureau, swept by a worker just now."""
    shop.included("i1")
    shop.sweep.run(by_worker=True)
    return shop


def codes(desk: Desk, actor: Actor = ANA) -> list[AlarmCode]:
    return [alarm.code for alarm in Alarms(desk.tenant).check(actor)]


def test_an_installation_that_watches_over_nothing_is_silent(desk: Desk) -> None:
    assert codes(desk) == []
    desk.register()
    assert codes(desk) == []


def test_all_is_well(quiet: Desk) -> None:
    assert codes(quiet) == []


def test_who_was_never_heard_of_is_silent(shop: Desk) -> None:
    shop.included("i1")
    assert codes(shop) == [AlarmCode.HOST_SILENT, AlarmCode.WORKER_SILENT]
    shop.sweep.run()
    assert codes(shop) == [AlarmCode.WORKER_SILENT]  # a sweep by a command is no worker


def test_a_paid_one_sounds_two_business_days_before_its_deadline_whatever_holds_it(quiet: Desk) -> None:
    settlement_days: list[list[AlarmCode]] = []
    quiet.paid("i1", on=TODAY)  # a Tuesday: five business days are over on the next
    for _ in range(8):
        quiet.sweep.run(by_worker=True)
        settlement_days.append(codes(quiet))
        quiet.later(DAY)
    near, reached = [AlarmCode.DEADLINE_NEAR], [AlarmCode.DEADLINE_REACHED]
    assert settlement_days == [[], [], [], near, near, near, near, reached]
    told = [(alarm.code, alarm.day - TODAY) for alarm in quiet.listeners.alarms]
    assert told == [*((AlarmCode.DEADLINE_NEAR, n * DAY) for n in (3, 4, 5, 6)), (AlarmCode.DEADLINE_REACHED, 7 * DAY)]


def test_an_alarm_is_told_once_a_day(quiet: Desk) -> None:
    made = quiet.included("i2")
    quiet.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    assert [quiet.sweep.run(by_worker=True).alarms for _ in range(3)] == [1, 0, 0]
    quiet.later(DAY)
    assert [quiet.sweep.run(by_worker=True).alarms for _ in range(2)] == [1, 0]
    assert len(quiet.listeners.alarms) == 2


def test_silence_grows_old(quiet: Desk) -> None:
    quiet.later(10 * MINUTE)
    assert codes(quiet) == []
    quiet.later(MINUTE)
    assert codes(quiet) == [AlarmCode.WORKER_SILENT]
    quiet.later(24 * HOUR)
    assert codes(quiet) == [AlarmCode.HOST_SILENT, AlarmCode.WORKER_SILENT]
    patient = AlarmSettings(host_silence=100 * HOUR, worker_silence=100 * HOUR)
    assert Alarms(quiet.tenant, patient).check(ANA) == []


def test_a_host_that_cannot_be_read_becomes_an_alarm_and_is_sounded_all_the_same(quiet: Desk) -> None:
    def down(_: str) -> None:
        raise HostUnavailable("O ERP não responde.")

    quiet.erp.before = down
    quiet.later(25 * HOUR)
    swept = quiet.sweep.run(by_worker=True)
    assert (swept.host_failed, swept.alarms) == ("O ERP não responde.", 1)
    assert [alarm.code for alarm in quiet.listeners.alarms] == [AlarmCode.HOST_SILENT]


def test_a_pause_is_an_alarm_only_while_removals_wait(quiet: Desk) -> None:
    made = quiet.included("i2")
    quiet.bureau.fail_next("remove", CredentialsRejected("O birô recusou as credenciais."))
    quiet.negativations.delete(ANA, made.id)
    assert AlarmCode.INTEGRATION_PAUSED not in codes(quiet)
    quiet.perform(made)
    assert AlarmCode.INTEGRATION_PAUSED not in codes(quiet)  # the bureau may be away for a moment
    quiet.later(11 * MINUTE)
    assert AlarmCode.INTEGRATION_PAUSED in codes(quiet)
    wait = Alarms(quiet.tenant).waits([quiet.get(made)])[made.id]
    assert "pausada" in wait.why
    assert wait.business_days_left == 2


def test_a_removal_that_waits_for_a_person_is_an_alarm(quiet: Desk) -> None:
    made = quiet.included("i2")
    quiet.negativations.delete(ANA, made.id)
    quiet.negativations.stop_trying(ANA, made.id, "Falando com o birô.")
    assert AlarmCode.NEEDS_PERSON in codes(quiet)
    assert Alarms(quiet.tenant).waits([quiet.get(made)])[made.id].why == "Falando com o birô."


def test_only_so_many_are_looked_at(quiet: Desk) -> None:
    for number in range(LOOKED_AT + 3):
        quiet.erp.bill(f"m{number}", "c1", DUE, Money(1000))
        made = quiet.negativate(f"m{number}")
        quiet.bureau.synchronous = True
        quiet.perform(made)
        quiet.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    (alarm,) = Alarms(quiet.tenant).check(ANA)
    assert (alarm.count, alarm.is_more) == (LOOKED_AT, True)


def test_an_actor_hears_of_the_own_creditor_alone(quiet: Desk) -> None:
    made = quiet.included("i2")
    quiet.negativations.delete(ANA, made.id, reason=RemovalReason.COURT_ORDER)
    assert codes(quiet, replace(ANA, creditor_ids=frozenset({"1"}))) == [AlarmCode.DEADLINE_REACHED]
    assert codes(quiet, replace(ANA, creditor_ids=frozenset({"2"}))) == []
    with pytest.raises(PermissionDenied):
        codes(quiet, replace(ANA, permissions=frozenset()))


def test_alarms_that_fail_leave_the_sweep_done(quiet: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet.uninstall_gateway()
    monkeypatch.setattr(quiet.listeners, "alarm", lambda _: 1 / 0)
    quiet.later(25 * HOUR)
    assert quiet.sweep.run(by_worker=True).alarms == 0
