"""Users: an administrator adds them, changes their roles and removes them; each act is audited."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import Conflict, NotFound, PermissionDenied
from credit_protection.domain.users import User
from tests.application.app import ANA, run_concurrently

if TYPE_CHECKING:
    from tests.application.app import AppFixture


def test_first_administrator_is_added_once(app: AppFixture) -> None:
    assert not app.users.has_any()
    made = app.users.add_first("os:dora", "Dora")
    assert (sorted(made.roles), made.creditor_ids, made.given_by) == (["administrador"], None, "os:dora")
    assert app.users.has_any()
    with pytest.raises(PermissionDenied, match="já tem usuários"):
        app.users.add_first("os:xico", "Xico")
    assert app.users.identify("os:xico") is None
    [entry] = app.audit("os:dora")
    assert (entry.act, entry.actor_id, entry.actor_name) == ("user.first", "os:dora", "Dora")
    assert entry.after == {"roles": "administrador", "creditors": "all"}


def test_roles_are_given_changed_taken_and_given_again_each_with_an_audit_entry(app: AppFixture) -> None:
    app.users.add_first("os:dora", "Dora")
    app.users.add(ANA, "os:bia", ["operador", "auditor"], ["1"])
    app.users.set_roles(ANA, "os:bia", ["auditor"])
    app.users.remove(ANA, "os:bia")
    removed = app.users.identify("os:bia")
    assert removed is not None
    assert (removed.active, sorted(removed.roles), removed.given_by) == (False, ["auditor"], ANA.id)
    again_added = app.users.add(ANA, "os:bia", ["atendente"])
    assert again_added == app.users.identify("os:bia")
    assert {each.id for each in app.users.list(ANA).items} == {"os:dora", "os:bia"}
    told = [(each.act, dict(each.before), dict(each.after)) for each in app.audit("os:bia")]
    both, whole = {"roles": "auditor, operador", "creditors": "1"}, {"roles": "auditor", "creditors": "all"}
    gone, again = {"roles": "", "creditors": "all"}, {"roles": "atendente", "creditors": "all"}
    assert told == [
        ("user.add", {}, both),
        ("user.role", both, whole),
        ("user.remove", whole, gone),
        ("user.add", gone, again),
    ]


def test_who_is_a_user_is_not_added_again_and_who_is_none_is_not_changed(app: AppFixture) -> None:
    app.users.add(ANA, "os:bia", ["operador"])
    with pytest.raises(Conflict, match="já é usuário"):
        app.users.add(ANA, "os:bia", ["administrador"])
    for user_id in ("os:xico", "os:BIA"):
        with pytest.raises(NotFound):
            app.users.set_roles(ANA, user_id, ["operador"])
        with pytest.raises(NotFound):
            app.users.remove(ANA, user_id)
    app.users.remove(ANA, "os:bia")
    with pytest.raises(NotFound):
        app.users.set_roles(ANA, "os:bia", ["operador"])
    assert [each.act for each in app.audit("os:bia")] == ["user.add", "user.remove"]


def test_last_administrator_of_all_creditors_stays(app: AppFixture) -> None:
    app.users.add_first("os:dora", "Dora")
    app.users.add(ANA, "os:bia", ["administrador"], ["1"])
    before = app.users.list(ANA).items
    with pytest.raises(Conflict) as caught:
        app.users.remove(ANA, "os:dora")
    assert caught.value.code == "ultimo_administrador"
    for roles, creditors in ((["operador"], None), (["administrador"], ["1"])):
        with pytest.raises(Conflict) as caught:
            app.users.set_roles(ANA, "os:dora", roles, creditors)
        assert caught.value.code == "ultimo_administrador"
    assert app.users.list(ANA).items == before
    app.users.set_roles(ANA, "os:bia", ["administrador"])
    app.users.remove(ANA, "os:dora")


def test_administrator_of_one_company_gives_no_role(app: AppFixture) -> None:
    bound = replace(ANA, creditor_ids=frozenset({"1"}))
    with pytest.raises(PermissionDenied):
        app.users.add(bound, "os:bia", ["administrador"])
    with pytest.raises(PermissionDenied):
        app.users.list(bound)
    assert not app.users.has_any()


def test_only_one_of_several_commands_at_once_names_the_first(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    results = run_concurrently(6, lambda number: app.users.add_first(f"os:u{number}", "x"))
    assert len([each for each in results if isinstance(each, User)]) == 1
    assert len(app.users.list(ANA).items) == 1


def test_two_administrators_can_not_remove_each_other(app_on_any_storage: AppFixture) -> None:
    app = app_on_any_storage
    app.users.add_first("os:u0", "u0")
    app.users.add(ANA, "os:u1", ["administrador"])
    results = run_concurrently(2, lambda number: app.users.remove(ANA, f"os:u{number}"))
    assert [type(each) for each in results if isinstance(each, Exception)] == [Conflict]
