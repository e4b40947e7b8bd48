"""Alarms: before a deadline, at it, whatever the reason; and on silence."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.alarms import (
    Alarm,
    AlarmCode,
    AlarmSettings,
    AlarmSeverity,
    HeartbeatFacts,
    PendingRemoval,
    QueueFacts,
    alarms,
    is_due_soon,
    wait_reason,
)
from credit_protection.domain.integrations import Integration, IntegrationSettings
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Block, Claim, Negativation
from credit_protection.domain.state_table import Action
from credit_protection.testing import samples
from credit_protection.testing.strategies import NOW, calendars

TODAY = date(2026, 11, 24)
"""A Tuesday."""
CALENDAR = BusinessCalendar(frozenset({date(2026, 11, 20)}))
OURS = samples.integration(owns_transmission=True, paused_until=None, paused_since=None)
HEARD = HeartbeatFacts(
    "local", host_is_needed=True, host_swept_at=NOW, worker_is_needed=True, heartbeat_at=NOW, today=TODAY
)
MINUTE = timedelta(minutes=1)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
REMOVALS = st.lists(st.builds(PendingRemoval, st.sampled_from(["n1", "n2", "n3"]), DAYS), max_size=12)


def queue(*deadlines: date, integration: Integration = OURS, stuck: int = 0) -> QueueFacts:
    waiting = [PendingRemoval(f"n{number}", deadline) for number, deadline in enumerate(sorted(deadlines))]
    return QueueFacts(integration, TODAY, CALENDAR, waiting, waiting[:stuck])


def of(*queues: QueueFacts, silence: HeartbeatFacts = HEARD, settings: AlarmSettings = AlarmSettings()) -> list[Alarm]:
    return alarms(queues, silence, NOW, settings)


def codes(found: list[Alarm]) -> list[str]:
    return [alarm.code for alarm in found]


def test_no_alarm_is_raised_while_all_is_in_time() -> None:
    assert of() == of(queue()) == of(queue(date(2026, 11, 27))) == []


@pytest.mark.parametrize(
    ("deadline", "code"),
    [
        (date(2026, 11, 26), AlarmCode.DEADLINE_NEAR),  # Thursday: two business days
        (date(2026, 11, 25), AlarmCode.DEADLINE_NEAR),
        (date(2026, 11, 24), AlarmCode.DEADLINE_REACHED),
        (date(2026, 11, 23), AlarmCode.DEADLINE_REACHED),
        (date(2025, 11, 23), AlarmCode.DEADLINE_REACHED),
    ],
)
def test_alarm_is_raised_two_business_days_before_a_deadline_and_at_it(deadline: date, code: AlarmCode) -> None:
    (alarm,) = of(queue(deadline))
    assert (alarm.code, alarm.deadline, alarm.count, alarm.negativation_ids) == (code, deadline, 1, ("n0",))
    assert alarm.subject == OURS.id


def test_weekends_and_holidays_do_not_count_before_a_deadline() -> None:
    wednesday, monday = date(2026, 11, 18), date(2026, 11, 23)  # Friday the 20th is a holiday
    assert is_due_soon(monday, wednesday + timedelta(days=1), CALENDAR)
    assert is_due_soon(monday, wednesday, CALENDAR)
    assert not is_due_soon(monday, wednesday - timedelta(days=1), CALENDAR)


def test_alarms_about_pause_owner_and_person_need_a_pending_removal() -> None:
    far = date(2026, 12, 20)
    since = NOW - timedelta(hours=1)
    paused = replace(OURS, paused_until=NOW + MINUTE, paused_since=since, pause_reason="O birô recusou as credenciais.")
    (alarm,) = of(queue(far, integration=paused))
    assert alarm.code is AlarmCode.INTEGRATION_PAUSED
    assert "há mais de 10 minutos (O birô recusou as credenciais), com 1 remoção(ões)" in alarm.message
    assert of(queue(integration=paused)) == []
    theirs = replace(OURS, settings=IntegrationSettings(owns_transmission=False))
    assert codes(of(queue(far, integration=theirs))) == [AlarmCode.SENT_BY_HOST]
    assert codes(of(queue(far, stuck=1))) == [AlarmCode.NEEDS_PERSON]


@given(rested=st.integers(0, 10_000), left=st.integers(-600, 86_400), limit=st.integers(1, 5000))
def test_long_pause_raises_an_alarm_whenever_it_will_end(rested: int, left: int, limit: int) -> None:
    since, until = NOW - timedelta(seconds=rested), NOW + timedelta(seconds=left)
    resting = queue(date(2026, 12, 20), integration=replace(OURS, paused_until=until, paused_since=since))
    settings = AlarmSettings(paused_for=timedelta(seconds=limit))
    assert bool(of(resting, settings=settings)) is (rested > limit)
    untold = queue(date(2026, 12, 20), integration=replace(OURS, paused_until=until, paused_since=None))
    assert codes(of(untold)) == [AlarmCode.INTEGRATION_PAUSED]  # by an older version


@pytest.mark.parametrize(
    ("silence", "code"),
    [
        (replace(HEARD, host_swept_at=None), AlarmCode.HOST_NOT_READ),
        (replace(HEARD, host_swept_at=NOW - timedelta(hours=24, seconds=1)), AlarmCode.HOST_NOT_READ),
        (replace(HEARD, heartbeat_at=None), AlarmCode.WORKER_STOPPED),
        (replace(HEARD, heartbeat_at=NOW - timedelta(minutes=10, seconds=1)), AlarmCode.WORKER_STOPPED),
    ],
)
def test_missing_heartbeat_raises_an_alarm(silence: HeartbeatFacts, code: AlarmCode) -> None:
    (alarm,) = of(silence=silence)
    assert (alarm.code, alarm.severity) == (code, AlarmSeverity.CRITICAL)
    unwatched = replace(silence, host_is_needed=False, worker_is_needed=False)
    assert of(silence=unwatched) == []
    patient = AlarmSettings(host_unread_for=timedelta(days=9), worker_unseen_for=timedelta(days=9))
    assert bool(of(silence=silence, settings=patient)) is (
        silence.host_swept_at is None or silence.heartbeat_at is None
    )


def test_heartbeat_exactly_at_its_limit_raises_no_alarm() -> None:
    assert of(silence=replace(HEARD, host_swept_at=NOW - timedelta(hours=24))) == []
    assert of(silence=replace(HEARD, heartbeat_at=NOW - timedelta(minutes=10))) == []


def test_count_of_a_truncated_queue_is_reported_as_at_least() -> None:
    many = replace(queue(*[TODAY] * 30), is_more=True)
    (alarm,) = of(many)
    assert (alarm.count, alarm.is_more, len(alarm.negativation_ids)) == (30, True, 10)
    assert "pelo menos 30" in alarm.message.lower()


@given(removals=REMOVALS, today=DAYS, calendar=calendars(), paused=st.booleans())
def test_each_removal_near_its_deadline_raises_an_alarm_whatever_delays_it(
    removals: list[PendingRemoval], today: date, calendar: BusinessCalendar, paused: bool
) -> None:
    since = NOW - timedelta(hours=1)
    integration = replace(OURS, paused_until=NOW + MINUTE, paused_since=since) if paused else OURS
    facts = QueueFacts(integration, today, calendar, sorted(removals, key=lambda each: each.deadline))
    found = {alarm.code: alarm for alarm in of(facts)}
    reached = [each for each in removals if each.deadline <= today]
    near = [each for each in removals if each.deadline > today and is_due_soon(each.deadline, today, calendar)]
    for code, expected in ((AlarmCode.DEADLINE_REACHED, reached), (AlarmCode.DEADLINE_NEAR, near)):
        assert (found[code].count if code in found else 0) == len(expected)
    assert (AlarmCode.INTEGRATION_PAUSED in found) is (paused and bool(removals))


@given(deadline=DAYS, calendar=calendars(), later=st.integers(0, 40))
def test_alarm_is_raised_on_every_later_day(deadline: date, calendar: BusinessCalendar, later: int) -> None:
    begins = calendar.before(deadline, 2)
    assert is_due_soon(deadline, begins + timedelta(days=later), calendar)
    assert not is_due_soon(deadline, begins - timedelta(days=1), calendar)


@given(removals=REMOVALS, beat=st.none() | st.just(NOW), paused=st.booleans())
def test_each_alarm_says_what_to_do_and_the_worst_comes_first(
    removals: list[PendingRemoval], beat: datetime | None, paused: bool
) -> None:
    integration = replace(OURS, paused_until=NOW + MINUTE if paused else None)
    facts = QueueFacts(integration, TODAY, CALENDAR, removals, removals[:1])
    found = of(facts, silence=replace(HEARD, heartbeat_at=beat))
    severities = [alarm.severity is AlarmSeverity.CRITICAL for alarm in found]
    assert severities == sorted(severities, reverse=True)
    assert len({(alarm.code, alarm.subject) for alarm in found}) == len(found)
    for alarm in found:
        assert "credit-protection" in alarm.message or "Confira" in alarm.message
        assert alarm.message[0].isupper()
        assert "{" not in alarm.message


@given(calendar=calendars(), today=DAYS, days=st.integers(0, 30))
def test_business_days_left_agree_with_the_deadline(calendar: BusinessCalendar, today: date, days: int) -> None:
    assert calendar.days_until(calendar.after(today, days), today) == days
    assert calendar.days_until(today, today) == 0
    assert calendar.days_until(today, calendar.after(today, days)) == -days


LEAVING = samples.wants_removal(samples.negativation())


@pytest.mark.parametrize(
    ("negativation", "integration", "reason"),
    [
        (LEAVING, OURS, "Espera um trabalhador."),
        (replace(LEAVING, transmission=replace(LEAVING.transmission, action=Action.ASK_PERSON)), OURS, "pessoa"),
        (
            replace(LEAVING, transmission=replace(LEAVING.transmission, block=Block("x", "Recusada.", NOW))),
            OURS,
            "Recusada.",
        ),
        (LEAVING, replace(OURS, settings=IntegrationSettings(owns_transmission=False)), "ERP"),
        (LEAVING, replace(OURS, paused_until=NOW + timedelta(days=900), pause_reason="Senha."), "Senha."),
        (
            replace(
                LEAVING,
                transmission=replace(
                    LEAVING.transmission, claim=Claim(Action.REMOVE, "w", NOW, NOW + timedelta(days=900), 1)
                ),
            ),
            OURS,
            "em andamento",
        ),
        (replace(LEAVING, transmission=replace(LEAVING.transmission, action=Action.POLL)), OURS, "processa"),
        (replace(LEAVING, transmission=replace(LEAVING.transmission, action=Action.AWAIT_CALLBACK)), OURS, "responder"),
        (
            replace(LEAVING, transmission=replace(LEAVING.transmission, due_at=NOW + timedelta(days=900), attempts=3)),
            OURS,
            "3 tentativa(s)",
        ),
    ],
)
def test_pending_removal_has_its_wait_reason(negativation: Negativation, integration: Integration, reason: str) -> None:
    assert reason in wait_reason(negativation, integration, max(NOW, samples.NOW))
