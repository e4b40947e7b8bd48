"""Every public method of the facade, with every role, without a permission, and by another company's people."""

from __future__ import annotations

import inspect
import os
import pwd
import sqlite3
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection import Configuration, CreditProtection
from credit_protection.application.host_identity import HostIdentity
from credit_protection.application.payments import RecordResult
from credit_protection.containers import Container
from credit_protection.domain.actors import ROLES, Actor, Permission
from credit_protection.domain.divergences import Decision
from credit_protection.domain.errors import CreditProtectionError, NotFound, PermissionDenied
from credit_protection.domain.queries import ExportFormat
from credit_protection.domain.settlements import Settlement, SettlementKind
from credit_protection.entrypoints.cli.identity import process_user
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import PageRequest
from tests.application.app import CPF, TODAY
from tests.application.test_adoption import ROW, Rows
from tests.application.test_permissions import open_divergence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.application.app import AppFixture
    from tests.entrypoints.command_line import Cli

DENIED, UNKNOWN, EMPTY, ALLOWED = "denied", "unknown", "empty", "allowed"
EVERYBODY = frozenset(ROLES)
ADMINISTRATORS = frozenset({"administrador"})
OPERATORS = frozenset({"administrador", "operador"})
QUERIERS = frozenset({"administrador", "operador", "atendente"})
AUDITORS = frozenset({"administrador", "auditor"})

WITHOUT_AN_ACTOR = {
    "alarms.notify",
    "alarms.record_heartbeat",
    "alarms.store_troubles",
    "alarms.wait_reasons",
    "host_identity.require_known",
    "payments.after_commit",
    "payments.apply",
    "payments.apply_piece",
    "payments.decide_again",
    "payments.record_all",
    "queries.expire_unanswered",
    "reconciliation.run_due",
    "removals.due",
    "removals.next_due_at",
    "removals.perform",
    "removals.release_expired",
    "sweep.apply_payments",
    "sweep.decide_policies",
    "sweep.run",
    "users.add_first",
    "users.has_any",
    "users.identify",
}
"""No person triggers them; the facade's docstring names each."""


@dataclass(frozen=True)
class Case:
    """A method of the facade.

    Args:
        roles: that may call it.
        call: with an actor.
        elsewhere: what an administrator of another company gets.
    """

    roles: frozenset[str]
    call: Callable[[Actor], object]
    elsewhere: str = UNKNOWN
    given: list[Any] = field(default_factory=list)


def families() -> dict[str, type]:
    """The facade's groups of use cases, with their classes."""
    properties = {name for name, member in vars(CreditProtection).items() if isinstance(member, property)}
    own = {"gateways", "worker"}
    providers = {"removals": "transmissions"}
    return {
        name: getattr(Container, providers.get(name, name)).cls for name in properties - own if not name.startswith("_")
    }


def public_methods() -> set[str]:
    return {
        f"{family}.{name}"
        for family, kind in families().items()
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def cases(app: AppFixture) -> dict[str, Case]:
    """Every method that takes an actor, on records of company 1."""
    one, made, query_id = app.integration_id, app.included("i1").id, app.query(customer_id="c1")
    divergence_id, identity = open_divergence(app, made), HostIdentity(app.ports)
    if not app.users.has_any():
        app.users.add_first("os:root", "root")
        app.users.add(person("administrador"), "os:ana", ["administrador"])
    request, source = app.request("i2"), Rows([ROW])
    payment = Settlement("forged", "i1", SettlementKind.PAYMENT, TODAY)
    registration: dict[str, Any] = {
        "gateway": "fake",
        "description": "x",
        "creditor_id": "1",
        "parameters": {"user": "u", "password": "secret"},
    }
    query: dict[str, Any] = {"integration_id": one, "product_code": "BASIC", "document": "90000900168"}
    return {
        "adoption.adopt": Case(ADMINISTRATORS, lambda a: app.adoption.adopt(a, one, source)),
        "adoption.bureau_list": Case(ADMINISTRATORS, lambda a: app.adoption.bureau_list(a, one)),
        "adoption.preview": Case(ADMINISTRATORS, lambda a: app.adoption.preview(a, one, source)),
        "alarms.check": Case(EVERYBODY, lambda a: [x for x in app.alarms.check(a) if x.creditor_id is not None], EMPTY),
        "audit_trail.list": Case(AUDITORS, lambda a: app.audit_trail.list(a).items, EMPTY),
        "customers.find": Case(EVERYBODY, lambda a: app.customers.find(a, document=CPF), EMPTY),
        "customers.get": Case(EVERYBODY, lambda a: app.customers.get(a, "c1")),
        "customers.get_many": Case(EVERYBODY, lambda a: app.customers.get_many(a, ["c1"]), EMPTY),
        "customers.overdue_invoices": Case(
            EVERYBODY, lambda a: list(app.customers.overdue_invoices(a, OverdueFilter(TODAY))), EMPTY
        ),
        "customers.search": Case(EVERYBODY, lambda a: app.customers.search(a, "c1"), EMPTY),
        "divergences.decide": Case(
            OPERATORS, lambda a: app.divergences.decide(a, divergence_id, Decision.KEEP, remark="x")
        ),
        "divergences.get": Case(EVERYBODY, lambda a: app.divergences.get(a, divergence_id)),
        "divergences.list": Case(EVERYBODY, lambda a: app.divergences.list(a).items, EMPTY),
        "host_identity.accept": Case(ADMINISTRATORS, identity.accept, DENIED),
        "host_identity.state": Case(EVERYBODY, identity.state, ALLOWED),  # the codes of ERPs: no company's data
        "integrations.creditors": Case(
            EVERYBODY, lambda a: [x for x in app.integrations.creditors(a) if x.id == "1"], EMPTY
        ),
        "integrations.delete": Case(ADMINISTRATORS, lambda a: app.integrations.delete(a, one)),
        "integrations.edit": Case(ADMINISTRATORS, lambda a: app.integrations.edit(a, one, description="x")),
        "integrations.get": Case(EVERYBODY, lambda a: app.integrations.get(a, one)),
        "integrations.list": Case(EVERYBODY, app.integrations.list, EMPTY),
        "integrations.natures": Case(EVERYBODY, lambda a: app.integrations.natures(a, one)),
        "integrations.products": Case(EVERYBODY, lambda a: app.integrations.products(a, one)),
        "integrations.reasons": Case(EVERYBODY, lambda a: app.integrations.reasons(a, one)),
        "integrations.register": Case(ADMINISTRATORS, lambda a: app.integrations.register(a, **registration), DENIED),
        "integrations.remove_products": Case(
            ADMINISTRATORS, lambda a: app.integrations.remove_products(a, one, ["SCORE"])
        ),
        "integrations.restore_products": Case(
            ADMINISTRATORS, lambda a: app.integrations.restore_products(a, one, ["SCORE"])
        ),
        "integrations.set_active": Case(ADMINISTRATORS, lambda a: app.integrations.set_active(a, one, active=True)),
        "integrations.set_reasons": Case(ADMINISTRATORS, lambda a: app.integrations.set_reasons(a, one)),
        "integrations.stored_creditors": Case(EVERYBODY, app.integrations.stored_creditors, EMPTY),
        "integrations.synchronise": Case(ADMINISTRATORS, lambda a: app.integrations.synchronise(a, one)),
        "integrations.test": Case(ADMINISTRATORS, lambda a: app.integrations.test(a, one)),
        "negativations.attest_absent": Case(OPERATORS, lambda a: app.negativations.attest_absent(a, made, "x")),
        "negativations.create": Case(OPERATORS, lambda a: app.negativations.create(a, request)),
        "negativations.delete": Case(OPERATORS, lambda a: app.negativations.delete(a, made)),
        "negativations.get": Case(EVERYBODY, lambda a: app.negativations.get(a, made)),
        "negativations.history": Case(EVERYBODY, lambda a: app.negativations.history(a, made)),
        "negativations.list": Case(EVERYBODY, lambda a: app.negativations.list(a).items, EMPTY),
        "negativations.preview": Case(OPERATORS, lambda a: app.negativations.preview(a, request)),
        "negativations.relink": Case(OPERATORS, lambda a: app.negativations.relink(a, made, {"i1": "i3"}, "é a mesma")),
        "negativations.relink_candidates": Case(OPERATORS, lambda a: app.negativations.relink_candidates(a, made)),
        "negativations.resume": Case(OPERATORS, lambda a: app.negativations.resume(a, made)),
        "negativations.stop_trying": Case(OPERATORS, lambda a: app.negativations.stop_trying(a, made, "x")),
        "negativations.today": Case(EVERYBODY, app.negativations.today, EMPTY),
        "negativations.withdraw": Case(OPERATORS, lambda a: app.negativations.withdraw(a, made)),
        "payments.recheck": Case(OPERATORS, lambda a: app.payments.recheck(a, ["i1"]), DENIED),
        "payments.record": Case(OPERATORS, lambda a: app.payments.record(a, payment), DENIED),
        "payments.reverse": Case(OPERATORS, lambda a: app.payments.reverse(a, "none", "i1", TODAY), DENIED),
        "queries.check_reuse_window": Case(QUERIERS, lambda a: app.queries.check_reuse_window(a, one, "BASIC", CPF)),
        "queries.export": Case(EVERYBODY, lambda a: app.queries.export(a, query_id, ExportFormat.PDF)),
        "queries.get": Case(EVERYBODY, lambda a: app.queries.get(a, query_id)),
        "queries.list": Case(EVERYBODY, lambda a: app.queries.list(a).items, EMPTY),
        "queries.open": Case(EVERYBODY, lambda a: app.queries.open(a, query_id)),
        "queries.open_unchecked": Case(EVERYBODY, lambda a: app.queries.open_unchecked(a, query_id)),
        "queries.run": Case(QUERIERS, lambda a: app.queries.run(a, **query)),
        "reconciliation.compare_counts": Case(OPERATORS, lambda a: app.reconciliation.compare_counts(a, one, {})),
        "reconciliation.continue_inclusions": Case(
            ADMINISTRATORS, lambda a: app.reconciliation.continue_inclusions(a, remark="x"), DENIED
        ),
        "reconciliation.declare_restored": Case(ADMINISTRATORS, app.reconciliation.declare_restored, DENIED),
        "reconciliation.hold": Case(EVERYBODY, lambda a: app.reconciliation.hold(a).pending, EMPTY),
        "reconciliation.run": Case(OPERATORS, lambda a: app.reconciliation.run(a, one)),
        "users.add": Case(ADMINISTRATORS, lambda a: app.users.add(a, "os:bia", ["operador"]), DENIED),
        "users.list": Case(ADMINISTRATORS, lambda a: app.users.list(a).items, DENIED),
        "users.remove": Case(ADMINISTRATORS, lambda a: app.users.remove(a, "os:ana"), DENIED),
        "users.set_roles": Case(ADMINISTRATORS, lambda a: app.users.set_roles(a, "os:ana", ["operador"]), DENIED),
    }


def outcome(call: Callable[[Actor], object], actor: Actor) -> str:
    try:
        found = call(actor)
    except PermissionDenied:
        return DENIED
    except NotFound:
        return UNKNOWN
    except CreditProtectionError:
        return ALLOWED  # refused by another rule: the actor got as far as that
    if found is RecordResult.NOT_PERMITTED:
        return DENIED
    return EMPTY if isinstance(found, list | tuple | dict) and not found else ALLOWED


def person(role: str, creditors: frozenset[str] | None = None) -> Actor:
    return replace(Actor.with_role(f"p-{role}", role, role), creditor_ids=creditors)


def actors(case: Case) -> dict[str, tuple[Actor, set[str]]]:
    """Who calls, and what each may get; who lacks the permission is told so, or that there is no such record."""
    own, other, none = frozenset({"1"}), frozenset({"B"}), frozenset[str]()
    allowed = {ALLOWED, EMPTY}
    found: dict[str, tuple[Actor, set[str]]] = {"nobody": (Actor("x", "Xico", frozenset()), {DENIED})}
    for role in ROLES:
        may = role in case.roles
        found[role] = (person(role), allowed if may else {DENIED})
        is_whole = case.elsewhere == DENIED and may
        found[f"{role} of 1"] = (person(role, own), allowed | ({DENIED} if is_whole else set()) if may else {DENIED})
        refused = {case.elsewhere, DENIED} if may else {DENIED, UNKNOWN}
        found[f"{role} of B"] = (person(role, other), refused)
        found[f"{role} of none"] = (person(role, none), refused)
    for permission in Permission:
        alone = Actor("y", "Yara", frozenset({permission}), other)
        found[f"{permission.value} of B"] = (alone, {case.elsewhere, DENIED, UNKNOWN})
    return found


def test_table_has_every_public_method_of_the_facade(app: AppFixture) -> None:
    named = cases(app).keys()
    assert named | WITHOUT_AN_ACTOR == public_methods()
    assert not named & WITHOUT_AN_ACTOR


def test_methods_without_an_actor_are_named_by_the_facade(app: AppFixture) -> None:
    documented = inspect.getdoc(CreditProtection) or ""
    assert [name for name in WITHOUT_AN_ACTOR if f"`{name}`" not in documented] == []
    takes_actor = {
        f"{family}.{name}"
        for family, kind in families().items()
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and "actor" in inspect.signature(method).parameters
    }
    assert takes_actor == cases(app).keys()


NAMES = sorted(public_methods() - WITHOUT_AN_ACTOR)


@pytest.mark.parametrize("name", NAMES)
def test_only_who_may_reaches_a_method_and_nobody_another_companys_record(app: AppFixture, name: str) -> None:
    table = cases(app)
    case = table[name]
    wrong: dict[str, str] = {}
    ordered = sorted(actors(case).items(), key=lambda each: ALLOWED in each[1][1])  # who may change something, last
    for who, (actor, expected) in ordered:
        got = outcome(case.call, actor)
        if got not in expected:
            wrong[who] = f"{got}, not {expected}"
    assert wrong == {}


@pytest.mark.parametrize("name", NAMES)
def test_who_is_refused_changes_nothing_and_calls_nobody(app: AppFixture, name: str) -> None:
    case = cases(app)[name]
    before, calls = states(app), len(app.bureau.calls)
    for actor, expected in actors(case).values():
        if ALLOWED not in expected:
            outcome(case.call, actor)
    assert (states(app), len(app.bureau.calls)) == (before, calls)


def states(app: AppFixture) -> list[object]:
    with app.storage.read_only() as unit:
        return [
            unit.integrations.all(),
            unit.integrations.products(app.integration_id),
            app.negativations.list(person("administrador")).items,
            app.queries.list(person("administrador")).items,
            app.divergences.list(person("administrador")).items,
            unit.settlements.entries(app.erp.code, ["i1", "i2", "i3"]),
            unit.users.list(PageRequest()).items,
        ]


# ------------------------------------------------------------------------------------------------ who acted


def last_entry(cli: Cli) -> tuple[str, str]:
    entry = cli.json("audit", "list", "--limit", "1").document["audit"][0]
    return entry["actor_id"], entry["actor_name"]


def test_author_in_the_audit_trail_is_the_processs_real_user(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "diretora.financeira")
    monkeypatch.delenv("SUDO_UID", raising=False)
    cli.run("integration", "deactivate")
    login = pwd.getpwuid(os.getuid()).pw_name
    assert last_entry(cli) == (f"os:{login}", login)


def test_who_became_root_by_sudo_is_noted_and_a_user_can_not_pretend_to_be_another(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {0: "root", 1000: "ana", 1001: "bia"}
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=known[uid]))
    monkeypatch.setenv("SUDO_UID", "1001")
    monkeypatch.setenv("SUDO_USER", "ana")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    cli.run("integration", "deactivate")
    assert last_entry(cli) == ("os:root", "root (por sudo: bia)")
    cli.run("users", "add", "ana", "--role", "administrador")
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    cli.run("integration", "activate")
    assert last_entry(cli) == ("os:ana", "ana")
    for nonsense in ("", "bia", "-1", "²", "9" * 40):
        monkeypatch.setenv("SUDO_UID", nonsense)
        monkeypatch.setattr(os, "getuid", lambda: 0)
        cli.run("integration", "deactivate")
        assert last_entry(cli) == ("os:root", "root")


@pytest.mark.parametrize("role", ["", " ", "root", "Administrador", "admin", "administrador,operador"])
def test_empty_or_unknown_role_means_none(cli: Cli, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", role)
    for command in (("negativations", "list"), ("integration", "list"), ("removals", "run"), ("removals", "check")):
        cli.run(*command, expect=5)


def test_variable_does_not_override_the_role_of_the_file(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.home / "credit_protection.toml").write_text('role = "auditor"\n')
    (cli.home / "credit_protection.toml").chmod(0o600)
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "administrador")
    cli.run("audit", "list")
    cli.run("integration", "deactivate", expect=5)


# ------------------------------------------------------------------------------------------------ who gives roles


def become(monkeypatch: pytest.MonkeyPatch, uid: int, login: str) -> None:
    """Run commands as another real user, who owns none of the files."""
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name=login))
    monkeypatch.setattr(os, "getuid", lambda: uid)


OTHER_UID = 54321


@pytest.mark.parametrize("role", ["administrador", "operador", ""])
def test_no_variable_and_no_file_raises_what_the_database_gives(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    cli.run("users", "add", "bia", "--role", "atendente")
    become(monkeypatch, OTHER_UID, "bia")
    for name in ("ROLE", "ACTOR", "USER"):
        monkeypatch.setenv(f"CREDIT_PROTECTION_{name}", role)
    (cli.home / "credit_protection.toml").write_text('role = "administrador"\n')
    for command in (("integration", "deactivate"), ("users", "list"), ("users", "add", "bia2", "--role", "operador")):
        assert cli.json(*command, expect=5).error["code"] == "sem_permissao"
    cli.run("negativations", "list", expect=0 if role else 5)


def test_variable_lowers_and_the_file_lowers_and_both_count(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.home / "credit_protection.toml").write_text('role = "auditor"\n')
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "operador")
    cli.run("negativations", "list")  # both may
    cli.run("audit", "list", expect=5)
    cli.run("invoices", "pay", "60003", expect=5)


def test_user_whom_nobody_added_may_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    become(monkeypatch, OTHER_UID, "xico")
    for command in (
        ("negativations", "list"),
        ("removals", "run"),
        ("removals", "check"),
        ("users", "list"),
        ("worker",),
    ):
        refused = cli.run(*command, expect=5)
        assert "users add xico --role" in refused.stderr
    assert "já tem usuários" in cli.run("users", "add", "--first", expect=5).stderr


def test_role_is_taken_at_once_and_the_last_administrator_stays(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    own = pwd.getpwuid(os.getuid()).pw_name
    for last in (("users", "remove", own), ("users", "role", own, "--role", "operador")):
        assert cli.json(*last, expect=1).error["code"] == "ultimo_administrador"
    cli.run("users", "role", own, "--role", "administrador", "--creditor", "99009000000110", expect=1)
    cli.run("users", "add", "bia", "--role", "administrador")
    with monkeypatch.context() as patched:
        become(patched, OTHER_UID, "bia")
        cli.run("users", "remove", own)
    assert "foi tirado" in cli.run("negativations", "list", expect=5).stderr
    assert cli.run("removals", "run", expect=5).exit_code == 5  # who owns the files, but was removed


def test_stored_role_that_is_unknown_or_empty_gives_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.run("users", "add", "bia", "--role", "operador")
    become(monkeypatch, OTHER_UID, "bia")
    for roles in ("[]", '["chefe"]', '[""]', '["Administrador"]'):
        with sqlite3.connect(cli.home / "credit_protection.sqlite") as database:
            database.execute("UPDATE cp_user SET roles = ? WHERE id = 'os:bia'", (roles,))
        for command in (("negativations", "list"), ("users", "list"), ("removals", "run")):
            cli.run(*command, expect=5)


@pytest.mark.parametrize("role", ["", "chefe", "Administrador", "administrador,operador"])
def test_unknown_role_can_not_be_given(cli: Cli, role: str) -> None:
    assert cli.json("users", "add", "bia", "--role", role, expect=2).error["code"] == "papel"
    assert cli.json("users", "add", "bia", expect=2).error["code"] == "papel"
    assert [row["id"] for row in cli.json("users", "list").document["users"]] == [process_user()[0]]


def test_person_of_one_company_sees_no_other(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    cli.run("users", "add", "bia", "--role", "administrador", "--creditor", "99.009.000/0001-10")
    cli.run("users", "add", "caio", "--role", "administrador", "--creditor", "99009000000110")
    with sqlite3.connect(cli.home / "credit_protection.sqlite") as database:
        database.execute("UPDATE cp_user SET creditor_ids = '[\"other\"]' WHERE id = 'os:caio'")
    become(monkeypatch, OTHER_UID, "bia")
    cli.run("negativations", "show", made["id"])
    for everywhere in (
        ("users", "list"),
        ("removals", "run"),
        ("sweep",),
        ("worker",),
        ("invoices", "import", "--yes"),
    ):
        cli.run(*everywhere, expect=5)
    become(monkeypatch, OTHER_UID, "caio")
    assert cli.json("negativations", "list").document["negativations"] == []
    for command in (
        ("invoices", "pay", "60003"),
        ("invoices", "import", "--yes"),
        ("users", "add", "d", "--role", "auditor"),
    ):
        cli.run(*command, expect=5)


# ------------------------------------------------------------------------------------------------ the first one


def made_by_a_program(home: Path) -> None:
    """An installation without a user, as an ERP's plugin makes it."""
    protection = CreditProtection("program", Configuration(home))
    protection.integrations.stored_creditors(person("administrador"))
    protection.close()


def test_who_makes_the_installation_is_its_first_administrator(bare: Cli) -> None:
    bare.run("integration", "list")
    (user,) = bare.json("users", "list").document["users"]
    own = process_user()[0]
    assert (user["id"], user["roles"], user["creditor_ids"], user["given_by"]) == (own, ["administrador"], None, own)
    (entry,) = bare.json("audit", "list").document["audit"]
    assert (entry["act"], entry["actor_id"], entry["subject"]) == ("user.first", own, own)


def test_installation_of_a_program_has_no_administrator_until_the_owner_of_its_files_says_so(
    bare: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by_a_program(bare.home)
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "administrador")
    for command in (("integration", "list"), ("integration", "add"), ("users", "list"), ("audit", "list")):
        refused = bare.run(*command, expect=0 if command == ("integration", "list") else 5)
        assert "users add --first" in refused.stderr or command == ("integration", "list")
    with monkeypatch.context() as patched:
        become(patched, OTHER_UID, "xico")
        assert "não é dono dos arquivos" in bare.run("users", "add", "--first", expect=5).stderr
        assert "users add --first" in bare.run("integration", "list", expect=5).stderr
    monkeypatch.setenv("CREDIT_PROTECTION_ROLE", "operador")
    bare.run("users", "add", "--first", expect=5)
    monkeypatch.delenv("CREDIT_PROTECTION_ROLE")
    bare.run("users", "add", "--first", "--role", "auditor", expect=2)
    bare.run("users", "add", "--first")
    bare.run("integration", "list")
    bare.run("users", "add", "--first", expect=5)


def test_owner_of_the_files_who_is_no_user_transmits_and_reads_and_no_more(bare: Cli) -> None:
    """So a worker of the service's user goes on removing, whether or not an administrator was named."""
    made_by_a_program(bare.home)
    bare.run("removals", "run", "--timeout", "0")
    bare.run("sweep")
    bare.run("negativations", "list")
    for command in (
        ("integration", "add"),
        ("invoices", "pay", "1"),
        ("users", "add", "b", "--role", "auditor"),
    ):
        bare.run(*command, expect=5)


def test_key_of_another_owner_makes_no_administrator(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    made_by_a_program(bare.home)
    (bare.home / "key").touch(mode=0o600)
    if os.getuid() == 0:
        os.chown(bare.home / "key", OTHER_UID, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: OTHER_UID)
    bare.run("users", "add", "--first", expect=5)
