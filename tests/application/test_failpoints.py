"""Failpoints: where a drill kills a process, and what a process does that was paused at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.state_table import Action, Observed
from credit_protection.ports import failpoints
from credit_protection.ports.failpoints import APPLY, CREATE, PERFORM, RELEASE

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.application.app import AppFixture

LEASE = Capabilities(Registry.SPC).lease
QUIET = Capabilities(Registry.SPC).quiet_period


def pause_before_the_call(empty_app: AppFixture, patch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Advance the clock between the claim and the call."""

    def pause(point: str) -> None:
        if point == "call.before":
            patch.setattr(failpoints, "handler", None)
            empty_app.later(by)

    patch.setattr(failpoints, "handler", pause)


def test_transmission_passes_its_failpoints_in_order(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    monkeypatch.setattr(failpoints, "handler", passed.append)
    made = app.negativate("i1")
    assert tuple(passed) == CREATE
    passed.clear()
    app.perform(made)
    assert tuple(passed) == PERFORM
    passed.clear()
    app.paid("i1")
    assert tuple(passed) == APPLY


def test_release_of_a_lease_passes_its_failpoints_in_order(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = app.negativate("i1")

    def die(_: str) -> None:
        raise KeyboardInterrupt

    app.bureau.after = die
    with pytest.raises(KeyboardInterrupt):
        app.perform(made)
    app.later(LEASE)
    passed: list[str] = []
    monkeypatch.setattr(failpoints, "handler", passed.append)
    assert app.transmissions.release_expired() == 1
    assert tuple(passed) == RELEASE


def test_worker_paused_until_lease_is_short_sends_nothing(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = app.negativate("i1")
    pause_before_the_call(app, monkeypatch, LEASE - app.bureau.capabilities.call_deadline * 0.5)
    app.perform(made)
    assert "include" not in app.bureau.calls
    stored = app.get(made)
    assert (stored.observed, stored.transmission.last_error) == (Observed.ABSENT, "reserva_no_fim")
    assert app.work(made).observed is Observed.PRESENT


def test_worker_paused_longer_than_the_quiet_period_sends_nothing(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = app.negativate("i1")

    def other_worker_continues(point: str) -> None:
        if point == "call.before":
            monkeypatch.setattr(failpoints, "handler", None)
            app.later(QUIET)
            done = app.perform(made, "w2")
            assert done is not None
            assert done.action is Action.LOOK_UP
            app.perform(made, "w2")

    monkeypatch.setattr(failpoints, "handler", other_worker_continues)
    app.perform(made)
    assert app.bureau.calls.count("include") == 1
    assert app.get(made).observed is Observed.INCLUDING
