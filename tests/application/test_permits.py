"""The rate limit as the use cases keep it: before the claim, without a loop, and holding up nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.adapters.storage.memory import MemoryStorage
from credit_protection.application.integrations import IntegrationSettings
from credit_protection.application.permits import PATIENCE, Permits
from credit_protection.application.queries import Queries
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.errors import NotFound, RateLimited
from credit_protection.domain.negativations import Observed
from tests.application.desk import Desk

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.application.transmissions import Performed
    from credit_protection.domain.integrations import Integration

SECOND = timedelta(seconds=1)
LIMITED = IntegrationSettings(rate_per_second=1.0)


@dataclass
class CountedLimits:
    """So many permits are left; then none before an instant."""

    left: int = 0
    not_before: datetime | None = None
    asked: list[str] = field(default_factory=list)

    def permit(self, integration: Integration) -> datetime | None:
        self.asked.append(integration.id)
        if integration.rate_per_second is None or self.left > 0:
            self.left -= 1
            return None
        return self.not_before

    def close(self) -> None:
        pass


@pytest.fixture
def limits() -> CountedLimits:
    return CountedLimits()


@pytest.fixture
def shop(limits: CountedLimits) -> Desk:
    desk = Desk(MemoryStorage())
    object.__setattr__(desk.tenant, "limits", limits)
    limits.not_before = desk.clock.now() + SECOND
    desk.register(LIMITED)
    return desk


def test_without_a_permit_nothing_is_claimed_or_sent(shop: Desk, limits: CountedLimits) -> None:
    made = shop.negativate("i1")
    done = shop.perform(made)
    assert done is not None
    assert (done.action, done.not_before) == (None, limits.not_before)
    after = shop.get(made)
    assert (after.observed, after.transmission.claim, after.transmission.attempts) == (Observed.ABSENT, None, 0)
    assert "include" not in shop.bureau.calls


def test_a_permit_is_taken_for_each_call(shop: Desk, limits: CountedLimits) -> None:
    limits.left = 100
    made = shop.included("i1")
    calls = [call for call in shop.bureau.calls if call in {"include", "find", "remove"}]
    assert len(limits.asked) == len(calls) >= 2  # a look-up is a call too
    assert shop.get(made).observed is Observed.PRESENT


def test_until_then_it_is_neither_asked_again_nor_looked_at(shop: Desk, limits: CountedLimits) -> None:
    first, second = shop.negativate("i1"), shop.negativate("i2")
    assert {each.negativation_id for each in shop.transmissions.due(10)} == {first.id, second.id}
    shop.perform(first)
    shop.perform(second)
    assert len(limits.asked) == 1
    assert shop.transmissions.due(10) == []
    assert shop.transmissions.next_due_at() == limits.not_before
    shop.later(SECOND)
    again = shop.transmissions.next_due_at()
    assert again is not None
    assert again - shop.clock.now() == timedelta(milliseconds=10)  # not in the past: it would look like a stall
    assert len(shop.transmissions.due(10)) == 2


def test_other_integrations_are_not_held_up(shop: Desk, limits: CountedLimits) -> None:
    held = shop.negativate("i1")
    shop.perform(held)
    shop.register(description="Sem limite")
    free = shop.negativate("i2")
    assert [each.negativation_id for each in shop.transmissions.due(10)] == [free.id]
    done = shop.perform(free)
    assert done is not None
    assert done.not_before is None
    assert limits.asked[1:] == []  # where there is no rate, nothing is asked


def test_what_is_due_later_is_told_as_it_is(shop: Desk) -> None:
    made = shop.negativate("i1")
    shop.transmissions.due(1)
    assert Transmissions(shop.tenant).next_due_at() == made.transmission.due_at


def test_a_permit_that_was_not_used_serves_the_next_call(shop: Desk, limits: CountedLimits) -> None:
    limits.left = 2
    first, second = shop.negativate("i1"), shop.negativate("i2")
    shop.perform(first)
    assert shop.perform(first) is None  # it is polled later: nothing was claimed
    done = shop.perform(second)
    assert done is not None
    assert done.not_before is None
    assert len(limits.asked) == 2


def test_the_first_call_of_a_process_goes_alone(shop: Desk, limits: CountedLimits) -> None:
    limits.left = 100
    first, second = shop.negativate("i1"), shop.negativate("i2")
    meanwhile: list[Performed | None] = []

    def another(_: str) -> None:
        if not meanwhile:
            meanwhile.append(shop.perform(second))

    shop.bureau.before = another
    shop.perform(first)
    (done,) = meanwhile
    assert done is not None
    assert done.not_before is not None
    assert len(limits.asked) == 1
    shop.later(SECOND)
    done = shop.perform(second)
    assert done is not None
    assert done.not_before is None


def test_a_negativation_that_does_not_exist_is_an_error(shop: Desk) -> None:
    with pytest.raises(NotFound):
        shop.transmissions.perform("none", "w1")


def test_a_credit_query_waits_a_little_for_its_permit(shop: Desk, limits: CountedLimits) -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        shop.later(timedelta(seconds=seconds))
        limits.left = 1

    queries = Queries(shop.tenant)
    queries._permits = Permits(shop.tenant, sleep)
    shop.queries = queries
    shop.query()
    assert slept == [1.0]


def test_a_credit_query_that_gets_none_says_so_and_costs_nothing(shop: Desk, limits: CountedLimits) -> None:
    limits.not_before = shop.clock.now() + PATIENCE + SECOND
    with pytest.raises(RateLimited, match="Nada foi enviado nem cobrado") as told:
        shop.query()
    assert told.value.retry_at == limits.not_before
    assert "query" not in shop.bureau.calls
    assert "query.run" not in shop.acts()
