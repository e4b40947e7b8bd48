"""Rate limiting: permits are acquired before the claim, without polling, per integration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.admission_control import QUERY_PERMIT_TIMEOUT, RateLimiter
from credit_protection.application.queries import Queries
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.errors import NotFound, RateLimited
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.state_table import Action, Observed
from tests.application.app import AppFixture

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.application.transmissions import TransmissionResult
    from credit_protection.domain.integrations import Integration

SECOND = timedelta(seconds=1)
LIMITED = IntegrationSettings(rate_per_second=1.0)


@dataclass
class CountedLimits:
    """Gives `left` permits, then none before an instant."""

    left: int = 0
    not_before: datetime | None = None
    asked: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def acquire(self, integration: Integration) -> datetime | None:
        self.asked.append(integration.id)
        if self.failure is not None:
            raise self.failure
        if integration.settings.rate_per_second is None or self.left > 0:
            self.left -= 1
            return None
        return self.not_before

    def close(self) -> None:
        pass


@pytest.fixture
def limits() -> CountedLimits:
    return CountedLimits()


@pytest.fixture
def app(sqlite: SqlStorage, limits: CountedLimits) -> AppFixture:
    app = AppFixture(sqlite)
    object.__setattr__(app.ports, "limits", limits)
    limits.not_before = app.clock.now() + SECOND
    app.register(LIMITED)
    return app


def test_nothing_is_claimed_or_sent_without_a_permit(app: AppFixture, limits: CountedLimits) -> None:
    made = app.negativate("i1")
    done = app.perform(made)
    assert done is not None
    assert (done.action, done.not_before) == (None, limits.not_before)
    after = app.get(made)
    assert (after.observed, after.transmission.claim, after.transmission.attempts) == (Observed.ABSENT, None, 0)
    assert "include" not in app.bureau.calls


def test_each_call_acquires_a_permit(app: AppFixture, limits: CountedLimits) -> None:
    limits.left = 100
    made = app.included("i1")
    calls = [call for call in app.bureau.calls if call in {"include", "find", "remove"}]
    assert len(limits.asked) == len(calls) >= 2  # a look-up is a call too
    assert app.get(made).observed is Observed.PRESENT


def test_throttled_integration_is_neither_asked_nor_fetched_until_not_before(
    app: AppFixture, limits: CountedLimits
) -> None:
    first, second = app.negativate("i1"), app.negativate("i2")
    assert {each.negativation_id for each in app.transmissions.due(10)} == {first.id, second.id}
    app.perform(first)
    app.perform(second)
    assert len(limits.asked) == 1
    assert app.transmissions.due(10) == []
    assert app.transmissions.next_due_at() == limits.not_before
    app.later(SECOND)
    again = app.transmissions.next_due_at()
    assert again is not None
    assert again - app.clock.now() == timedelta(
        milliseconds=10
    )  # not in the past: the engine would take it for a stall
    assert len(app.transmissions.due(10)) == 2


def test_other_integrations_are_not_throttled(app: AppFixture, limits: CountedLimits) -> None:
    throttled = app.negativate("i1")
    app.perform(throttled)
    app.register(description="Sem limite")
    free = app.negativate("i2")
    assert [each.negativation_id for each in app.transmissions.due(10)] == [free.id]
    done = app.perform(free)
    assert done is not None
    assert done.not_before is None
    assert limits.asked[1:] == []  # where there is no rate, nothing is asked


def test_next_due_instant_is_the_rows_own_without_throttling(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.transmissions.due(1)
    assert Transmissions(app.ports).next_due_at() == made.transmission.due_at


def test_unused_permit_is_reused_by_the_next_call(app: AppFixture, limits: CountedLimits) -> None:
    limits.left = 2
    first, second = app.negativate("i1"), app.negativate("i2")
    app.perform(first)
    assert app.perform(first) is None  # it is polled later: nothing was claimed
    done = app.perform(second)
    assert done is not None
    assert done.not_before is None
    assert len(limits.asked) == 2


def test_first_call_of_a_process_is_made_alone(app: AppFixture, limits: CountedLimits) -> None:
    limits.left = 100
    first, second = app.negativate("i1"), app.negativate("i2")
    second_results: list[TransmissionResult | None] = []

    def another(_: str) -> None:
        if not second_results:
            second_results.append(app.perform(second))

    app.bureau.before = another
    app.perform(first)
    (done,) = second_results
    assert done is not None
    assert done.not_before is not None
    assert len(limits.asked) == 1
    app.later(SECOND)
    done = app.perform(second)
    assert done is not None
    assert done.not_before is None


def test_failed_rate_limit_does_not_throttle_the_integration_for_ever(app: AppFixture, limits: CountedLimits) -> None:
    made = app.negativate("i1")
    limits.left, limits.failure = 1, OSError("the database of the rate limits is down")
    with pytest.raises(OSError, match="down"):
        app.perform(made)
    limits.failure = None
    done = app.perform(made)
    assert done is not None
    assert (done.action, done.not_before) == (Action.INCLUDE, None)


def test_unknown_negativation_raises_not_found(app: AppFixture) -> None:
    with pytest.raises(NotFound):
        app.transmissions.perform("none", "w1")


def test_credit_query_waits_for_its_permit(app: AppFixture, limits: CountedLimits) -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        app.later(timedelta(seconds=seconds))
        limits.left = 1

    queries = Queries(app.ports)
    queries._rate_limiter = RateLimiter(app.ports, sleep)
    app.queries = queries
    app.query()
    assert slept == [1.0]


def test_credit_query_without_a_permit_is_refused_and_costs_nothing(app: AppFixture, limits: CountedLimits) -> None:
    limits.not_before = app.clock.now() + QUERY_PERMIT_TIMEOUT + SECOND
    with pytest.raises(RateLimited, match="Nada foi enviado nem cobrado") as raised:
        app.query()
    assert raised.value.retry_at == limits.not_before
    assert "query" not in app.bureau.calls
    assert "query.run" not in app.acts()
