"""Steps of a worker and faults during them, for the tests of transmissions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.errors import OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_protection.application.transmissions import TransmissionResult
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.state_table import Action
    from tests.application.app import AppFixture

QUIET = Capabilities(Registry.SPC).quiet_period
LEASE = Capabilities(Registry.SPC).lease
LOST = OutcomeUnknown("A resposta se perdeu.")
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process dies."""


def die_after(app: AppFixture, operation: str) -> None:
    """The worker dies when the bureau has done this, before the answer is stored."""

    def die(done: str) -> None:
        if done == operation:
            app.bureau.after = lambda _: None
            raise Killed

    app.bureau.after = die


def during_call(app: AppFixture, operation: str, act: Callable[[], object]) -> None:
    """Act once while the bureau executes this operation."""

    def act_once(done: str) -> None:
        if done == operation:
            app.bureau.after = lambda _: None
            act()

    app.bureau.after = act_once


def action_of(app: AppFixture, negativation: Negativation) -> Action:
    return app.get(negativation).transmission.action


def performed(app: AppFixture, negativation: Negativation, worker: str = "w1") -> TransmissionResult:
    done = app.perform(negativation, worker)
    assert done is not None
    return done
