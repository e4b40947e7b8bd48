"""Every event happens in every state where it can; `state_event_matrix.UNREACHABLE` names the other pairs, and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.state_table import Action, Desired, Observed, next_action
from tests.domain.lifecycle.profiles import PROFILES
from tests.domain.lifecycle.random_walks import walk
from tests.domain.lifecycle.rules import check_table
from tests.domain.lifecycle.state_event_matrix import EVENTS, UNREACHABLE, reachable
from tests.domain.lifecycle.table import TABLE
from tests.domain.lifecycle.transitions import apply_event, in_state

if TYPE_CHECKING:
    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import State

PAIRS = sorted(reachable())
WALKS = 250


def _may_stay(event: str) -> bool:
    """Whether the event may find nothing to change."""
    return event in {"settled", "reversed", "hint"}


@pytest.mark.parametrize("profile", PROFILES, ids=repr)
@pytest.mark.parametrize("state", TABLE, ids=lambda state: f"{state[0]}-{state[1]}")
def test_next_action_matches_the_specification(state: State, profile: Profile) -> None:
    assert next_action(*state, profile.gateway) is TABLE[state](profile.gateway)


def test_every_pair_is_reachable_or_named_with_a_reason() -> None:
    named = {(state, event) for each in UNREACHABLE for state in each.states for event in each.events}
    assert len(TABLE) == 13
    assert len(EVENTS) == len(set(EVENTS)) == 54
    assert named | reachable() == {(state, event) for state in TABLE for event in EVENTS}
    assert not named & reachable()
    assert all(each.reason for each in UNREACHABLE)


@pytest.mark.parametrize(
    ("state", "event"), PAIRS, ids=lambda value: value if isinstance(value, str) else "-".join(value)
)
def test_event_in_state_keeps_the_table_and_names_its_change(state: State, event: str) -> None:
    """The transmission follows the table afterwards, and the change emits an event."""
    for profile in PROFILES:
        before = in_state(state, profile.gateway)
        if event.startswith("claim ") and before.transmission.action != event.removeprefix("claim "):
            continue
        try:
            change = apply_event(before, event, profile.gateway)
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


def test_random_walks_cover_most_reachable_pairs_and_no_unreachable_one() -> None:
    coverage: Counter[tuple[State, str]] = Counter()
    for profile in PROFILES:
        for seed in range(WALKS):
            walk(profile, seed, coverage=coverage)
    assert set(coverage) <= reachable()
    assert len(coverage) >= 0.75 * len(PAIRS), sorted(reachable() - set(coverage))
