"""Alarms about what would otherwise stay unseen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from credit_protection.domain.alarms import Alarm, AlarmCode, AlarmSettings, AlarmSeverity, worst_first
from credit_protection.domain.divergences import DivergenceCode, DivergenceSeverity
from credit_protection.domain.integrations import Integration
from credit_protection.domain.silence import (
    AwaitingDivergences,
    MissingGateway,
    OtherHost,
    SilenceFacts,
    WaitingPayments,
    silence_alarms,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = date(2026, 11, 24)
OURS = Integration("i-1", "gw", "Birô", "e-1", {}, {}, NOW)
WARNING, CRITICAL = AlarmSeverity.WARNING, AlarmSeverity.CRITICAL
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def one(**facts: object) -> Alarm:
    (alarm,) = silence_alarms(SilenceFacts("erp", TODAY, **facts), NOW)  # type: ignore[arg-type]
    return alarm


def test_nothing_silent_raises_no_alarm() -> None:
    assert silence_alarms(SilenceFacts("erp", TODAY), NOW) == []


def test_waiting_payments_are_critical() -> None:
    alarm = one(waiting=WaitingPayments(200, NOW - 2 * HOUR, ["f1", "f2", "f3", "f4"], is_more=True))
    assert (alarm.code, alarm.severity, alarm.subject) == (AlarmCode.UNAPPLIED, CRITICAL, "payments")
    assert (alarm.count, alarm.is_more, alarm.creditor_id, alarm.day) == (200, True, None, TODAY)
    assert "Há pelo menos 200 baixa(s)" in alarm.message
    assert "há 2 h 0 min (faturas f1, f2, f3)" in alarm.message
    assert "Há 1 baixa(s)" in one(waiting=WaitingPayments(1, NOW)).message


@pytest.mark.parametrize(("count", "severity"), [(0, WARNING), (3, CRITICAL)])
def test_missing_gateway_is_critical_with_open_negativations(count: int, severity: AlarmSeverity) -> None:
    alarm = one(missing_gateways=[MissingGateway(OURS, count, TODAY - DAY)])
    assert (alarm.code, alarm.severity, alarm.subject) == (AlarmCode.GATEWAY_MISSING, severity, "i-1")
    assert (alarm.count, alarm.creditor_id, alarm.day) == (count, "e-1", TODAY - DAY)
    assert ("nenhuma remoção é enviada" in alarm.message) is bool(count)
    assert "'gw'" in alarm.message


def test_failed_step_says_which_and_why() -> None:
    alarm = one(failed_steps={"apply": "Erro inesperado: OSError."})
    assert (alarm.code, alarm.severity, alarm.subject, alarm.day) == (AlarmCode.SWEEP_FAILED, CRITICAL, "apply", TODAY)
    assert "(apply): Erro inesperado: OSError." in alarm.message


@pytest.mark.parametrize("read_at", [None, NOW - DAY - HOUR])
def test_other_host_that_nobody_reads_is_critical(read_at: datetime | None) -> None:
    facts = SilenceFacts("local", TODAY, other_hosts=[OtherHost("erp", read_at)])
    missing, unread = silence_alarms(facts, NOW)
    assert (missing.code, missing.severity, missing.subject) == (AlarmCode.HOST_NOT_CONFIGURED, CRITICAL, "erp")
    assert (unread.code, unread.severity, unread.subject) == (AlarmCode.HOST_NOT_READ, CRITICAL, "erp")
    assert "'erp'" in missing.message
    assert "'local'" in missing.message


def test_other_host_that_another_environment_reads_is_a_warning() -> None:
    alarm = one(other_hosts=[OtherHost("erp", NOW - DAY)])
    assert (alarm.code, alarm.severity) == (AlarmCode.HOST_NOT_CONFIGURED, WARNING)
    lenient = AlarmSettings(host_unread_for=HOUR)
    facts = SilenceFacts("local", TODAY, other_hosts=[OtherHost("erp", NOW - 2 * HOUR)])
    assert len(silence_alarms(facts, NOW, lenient)) == 2


@pytest.mark.parametrize(
    ("severity", "decide_by", "expected"),
    [
        (DivergenceSeverity.ALARM, None, WARNING),
        (DivergenceSeverity.ALARM, TODAY, WARNING),
        (DivergenceSeverity.ALARM, TODAY - DAY, CRITICAL),
        (DivergenceSeverity.CRITICAL, None, CRITICAL),
    ],
)
def test_divergences_are_critical_where_they_are_or_are_late(
    severity: DivergenceSeverity, decide_by: date | None, expected: AlarmSeverity
) -> None:
    awaiting = AwaitingDivergences(OURS, DivergenceCode.BRAKE, severity, 7, decide_by, TODAY)
    alarm = one(divergences=[awaiting])
    assert (alarm.code, alarm.severity, alarm.subject) == (DivergenceCode.BRAKE, expected, "i-1")
    assert (alarm.count, alarm.creditor_id, alarm.deadline, alarm.day) == (7, "e-1", decide_by, TODAY)
    assert "--code freio --awaiting" in alarm.message
    assert ("a primeira até" in alarm.message) is (decide_by is not None)


def test_critical_alarms_come_first_then_by_code_and_subject() -> None:
    def alarm(code: AlarmCode | DivergenceCode, severity: AlarmSeverity, subject: str = "i-1") -> Alarm:
        return Alarm(code, severity, subject, "", TODAY)

    ordered = [
        alarm(AlarmCode.DEADLINE_REACHED, CRITICAL),
        alarm(AlarmCode.SWEEP_FAILED, CRITICAL, "a"),
        alarm(AlarmCode.SWEEP_FAILED, CRITICAL, "b"),
        alarm(DivergenceCode.BRAKE, CRITICAL),
        alarm(AlarmCode.DEADLINE_NEAR, WARNING),
        alarm(DivergenceCode.POSTPONED, WARNING),
    ]
    assert worst_first(reversed(ordered)) == ordered
