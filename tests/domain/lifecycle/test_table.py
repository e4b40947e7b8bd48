"""Every cell of the table meets every event that can meet it; `meetings.UNREACHABLE` names the others, and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.negativations import Action, Desired, Observed, next_action
from tests.domain.lifecycle.cells import at, meet
from tests.domain.lifecycle.meetings import EVENTS, UNREACHABLE, reachable
from tests.domain.lifecycle.profiles import PROFILES
from tests.domain.lifecycle.rules import check_table
from tests.domain.lifecycle.table import TABLE
from tests.domain.lifecycle.walks import walk

if TYPE_CHECKING:
    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import Cell

PAIRS = sorted(reachable())
WALKS = 250


def _may_stay(event: str) -> bool:
    """Whether the event may find nothing to change."""
    return event in {"settled", "reversed", "hint"}


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
@pytest.mark.parametrize("cell", TABLE, ids=lambda cell: f"{cell[0]}-{cell[1]}")
def test_the_table_is_the_specification(cell: Cell, profile: Profile) -> None:
    assert next_action(*cell, profile.gateway) is TABLE[cell](profile.gateway)


def test_every_pair_is_either_reachable_or_named_with_a_reason() -> None:
    named = {(cell, event) for each in UNREACHABLE for cell in each.cells for event in each.events}
    assert len(TABLE) == 13
    assert len(EVENTS) == len(set(EVENTS)) == 50
    assert named | reachable() == {(cell, event) for cell in TABLE for event in EVENTS}
    assert not named & reachable()
    assert all(each.why for each in UNREACHABLE)


@pytest.mark.parametrize(
    ("cell", "event"), PAIRS, ids=lambda value: value if isinstance(value, str) else "-".join(value)
)
def test_every_cell_meets_every_event_that_can_meet_it(cell: Cell, event: str) -> None:
    """Whatever comes of it, the transmission is what the table says, and the change is named."""
    for profile in PROFILES:
        before = at(cell, profile.gateway)
        if event.startswith("claim ") and before.transmission.action != event.removeprefix("claim "):
            continue
        try:
            change = meet(before, event, profile.gateway)
        except (Conflict, RuleViolation) as refusal:
            assert refusal.code  # noqa: PT017 - either way is right; a refusal is a typed one
            continue
        after = change.negativation
        check_table(after, profile.gateway)
        assert change.events or _may_stay(event)
        assert all(each.negativation_id == before.id for each in change.events)
        if before.removal_claims:
            assert after.desired is Desired.REMOVED
        if before.known_at is not None:
            assert after.transmission.action is not Action.INCLUDE
        if before.observed is Observed.GONE and not after.is_closed:
            assert after.desired is Desired.REMOVED


def test_random_walks_meet_nearly_all_of_them_and_none_that_is_called_unreachable() -> None:
    met: Counter[tuple[Cell, str]] = Counter()
    for profile in PROFILES:
        for seed in range(WALKS):
            walk(profile, seed, met=met)
    assert set(met) <= reachable()
    assert len(met) >= 0.75 * len(PAIRS), sorted(reachable() - set(met))
