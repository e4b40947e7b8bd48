"""The points where a drill lets a process die, and what a process does that stood still at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.application import checkpoints
from credit_protection.application.checkpoints import APPLY, CREATE, LET_GO, PERFORM
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.negativations import Action, Observed

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.application.desk import Desk

LEASE = Capabilities(Registry.SPC).lease
QUIET = Capabilities(Registry.SPC).quiet_period


def stands_still(desk: Desk, patch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let time pass between the claim and the call."""

    def still(point: str) -> None:
        if point == "call.before":
            patch.setattr(checkpoints, "hook", None)
            desk.later(by)

    patch.setattr(checkpoints, "hook", still)


def test_every_point_is_reached_in_order(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[str] = []
    monkeypatch.setattr(checkpoints, "hook", passed.append)
    made = shop.negativate("i1")
    assert tuple(passed) == CREATE
    passed.clear()
    shop.perform(made)
    assert tuple(passed) == PERFORM
    passed.clear()
    shop.paid("i1")
    assert tuple(passed) == APPLY


def test_every_point_of_letting_go_is_reached(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop.negativate("i1")

    def die(_: str) -> None:
        raise KeyboardInterrupt

    shop.bureau.after = die
    with pytest.raises(KeyboardInterrupt):
        shop.perform(made)
    shop.later(LEASE)
    passed: list[str] = []
    monkeypatch.setattr(checkpoints, "hook", passed.append)
    assert shop.transmissions.sweep() == 1
    assert tuple(passed) == LET_GO


def test_who_stood_still_until_the_hold_is_short_sends_nothing(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = shop.negativate("i1")
    stands_still(shop, monkeypatch, LEASE - shop.bureau.capabilities.call_deadline * 0.5)
    shop.perform(made)
    assert "include" not in shop.bureau.calls
    stored = shop.get(made)
    assert (stored.observed, stored.transmission.last_error) == (Observed.ABSENT, "reserva_no_fim")
    assert shop.work(made).observed is Observed.PRESENT


def test_who_stood_still_for_longer_than_the_quiet_period_sends_nothing(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = shop.negativate("i1")

    def others_go_on(point: str) -> None:
        if point == "call.before":
            monkeypatch.setattr(checkpoints, "hook", None)
            shop.later(QUIET)
            done = shop.perform(made, "w2")
            assert done is not None
            assert done.action is Action.LOOK_UP
            shop.perform(made, "w2")

    monkeypatch.setattr(checkpoints, "hook", others_go_on)
    shop.perform(made)
    assert shop.bureau.calls.count("include") == 1
    assert shop.get(made).observed is Observed.INCLUDING
