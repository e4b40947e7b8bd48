"""Who has which roles: what a user may, what a limit leaves, and that an administrator is always left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.actors import ROLES, Actor, Permission
from credit_protection.domain.errors import Conflict, InvalidInput, PermissionDenied
from credit_protection.domain.users import LONGEST_ID, User, checked_user, lowered, require_administrator_left
from credit_protection.testing.strategies import actors
from tests.domain.message_checks import assert_says_what_to_do

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KNOWN = st.sampled_from(sorted(ROLES))
ANY_ROLE = KNOWN | st.sampled_from(["", " ", "root", "Administrador", "admin", "administrador,operador"])
USERS = st.builds(
    User,
    st.sampled_from(["os:ana", "os:bia", "os:caio"]),
    st.frozensets(ANY_ROLE),
    st.none() | st.frozensets(st.sampled_from(["1", "2"])),
    st.booleans(),
    st.just("os:root"),
    st.just(NOW),
)


@given(USERS, st.sampled_from(Permission))
def test_user_has_a_permission_if_and_only_if_it_is_active_and_one_of_its_known_roles_has_it(
    user: User, permission: Permission
) -> None:
    actor = user.actor("Nome")
    expected = user.active and any(permission in ROLES[role] for role in user.roles if role in ROLES)
    assert (permission in actor.permissions) is expected
    assert (actor.id, actor.name, actor.creditor_ids) == (user.id, "Nome", user.creditor_ids)


@given(USERS)
def test_removed_user_may_nothing(user: User) -> None:
    removed = user.removed("os:dora", NOW)
    assert removed.actor("x").permissions == frozenset()
    assert not removed.administers
    assert removed.given_by == "os:dora"


@given(USERS)
def test_who_administers_may_give_roles_over_all_creditors(user: User) -> None:
    actor = user.actor("x")
    assert user.administers is (Permission.MANAGE_USERS in actor.permissions and actor.creditor_ids is None)


@given(actors(), st.lists(KNOWN, max_size=3))
def test_limit_never_adds_a_permission_and_leaves_what_all_have(actor: Actor, limits: list[str]) -> None:
    left = lowered(actor, tuple(limits))
    assert left.permissions == actor.permissions.intersection(*(ROLES[role] for role in limits))
    assert replace(left, permissions=actor.permissions) == actor


@given(actors(), st.lists(KNOWN, max_size=2), st.sampled_from(["", " ", "root", "Administrador", "a,b"]))
def test_blank_or_unknown_limit_refuses_everything(actor: Actor, limits: list[str], wrong: str) -> None:
    with pytest.raises(PermissionDenied) as caught:
        lowered(actor, (*limits, wrong))
    assert_says_what_to_do(caught.value.message)


@given(st.lists(USERS, unique_by=lambda user: user.id), USERS)
def test_administrator_is_left_after_every_change_that_is_allowed(known: list[User], changed: User) -> None:
    before = {user.id: user for user in known}
    administrators = frozenset(user.id for user in known if user.administers)
    after = {**before, changed.id: changed}
    is_left = any(user.administers for user in after.values())
    if is_left or not administrators:
        require_administrator_left(administrators, changed)
    else:
        with pytest.raises(Conflict) as caught:
            require_administrator_left(administrators, changed)
        assert caught.value.code == "ultimo_administrador"


@pytest.mark.parametrize(
    ("user_id", "roles", "creditor_ids", "field"),
    [
        ("", {"operador"}, None, "user"),
        (" os:ana", {"operador"}, None, "user"),
        ("os: ana", {"operador"}, None, "user"),
        ("os:a\x1b[2J", {"operador"}, None, "user"),
        ("os:a\u202eb", {"operador"}, None, "user"),
        ("o" * (LONGEST_ID + 1), {"operador"}, None, "user"),
        ("os:ana", set(), None, "role"),
        ("os:ana", {"operador", "chefe"}, None, "role"),
        ("os:ana", {""}, None, "role"),
        ("os:ana", {"operador"}, set(), "creditor"),
        ("os:ana", {"operador"}, {""}, "creditor"),
    ],
)
def test_wrong_user_is_refused(user_id: str, roles: set[str], creditor_ids: set[str] | None, field: str) -> None:
    scope = None if creditor_ids is None else frozenset(creditor_ids)
    with pytest.raises(InvalidInput) as caught:
        checked_user(user_id, frozenset(roles), scope, "os:root", NOW)
    assert caught.value.field == field
    assert_says_what_to_do(caught.value.message)


@pytest.mark.parametrize(("role", "is_person"), [("trabalhador", False), ("operador", True)])
def test_robot_is_no_person(role: str, is_person: bool) -> None:
    user = User("os:cp", frozenset({role}), None, active=True, given_by="os:root", given_at=NOW)
    assert user.actor("cp").is_person is is_person
