"""`users`: an administrator lists, adds, changes and removes users."""

import pytest

from credit_protection.entrypoints.cli.identity import process_user
from tests.entrypoints.command_line import Cli

OWN, NAME = process_user()


def test_users_are_listed_with_roles_companies_and_who_gave_them(cli: Cli) -> None:
    cli.run("users", "add", "bia", "--role", "operador", "--role", "auditor", "--creditor", "99.009.000/0001-10")
    shown = cli.run("users", "list").stdout
    for each in ("Usuários", "os:bia", "auditor, operador", OWN, "administrador", "todas", "sim"):
        assert each in shown
    bia, own = cli.json("users", "list").document["users"]
    (creditor,) = cli.json("creditors", "list").document["creditors"]
    assert (bia["id"], bia["roles"], bia["creditor_ids"]) == ("os:bia", ["auditor", "operador"], [creditor["id"]])
    assert (own["id"], own["roles"], own["creditor_ids"], own["active"]) == (OWN, ["administrador"], None, True)
    assert bia["given_by"] == OWN


def test_pages_of_users_follow_each_other(cli: Cli) -> None:
    for login in ("a", "b", "c"):
        cli.run("users", "add", login, "--role", "atendente")
    first = cli.json("users", "list", "--limit", "2").document
    rest = cli.json("users", "list", "--limit", "2", "--after", first["next"]).document
    assert [each["id"] for each in first["users"] + rest["users"]] == ["os:c", "os:b", "os:a", OWN]
    assert rest["next"] is None


def test_user_who_is_not_on_this_machine_is_added_with_a_notice(cli: Cli) -> None:
    assert "não tem o usuário 'nao-existe'" in cli.run("users", "add", "nao-existe", "--role", "auditor").stderr
    cli.run("users", "remove", NAME, expect=1)


def test_removed_user_is_shown_and_can_be_added_again(cli: Cli) -> None:
    cli.run("users", "add", "bia", "--role", "operador")
    assert cli.json("users", "remove", "bia").document["active"] is False
    assert cli.json("users", "remove", "bia", expect=6).error["code"] == "usuario_desconhecido"
    assert cli.json("users", "role", "bia", "--role", "auditor", expect=6).error["code"] == "usuario_desconhecido"
    assert cli.json("users", "add", "os:bia", "--role", "auditor").document["roles"] == ["auditor"]
    assert cli.json("users", "add", "bia", "--role", "auditor", expect=1).error["code"] == "usuario_existe"
    rows = cli.json("audit", "list", "--subject", "os:bia").document["audit"]
    assert [each["act"] for each in rows] == ["user.add", "user.remove", "user.add"]
    shown = cli.run("audit", "list", "--subject", "os:bia").stdout
    assert "papéis: operador, empresas: todas" in shown
    assert "usuário tirado" in shown


@pytest.mark.parametrize(
    ("arguments", "field", "code"),
    [
        (("add", "--role", "auditor"), "user", "usuario"),
        (("add", "", "--role", "auditor"), "user", "usuario"),
        (("add", "bia", "--role", "auditor", "--creditor", "outra"), "creditor", "empresa"),
        (("role", NAME, "--role", "chefe"), "role", "papel"),
        (("add", "bia", "--first"), "--first", "uso"),
    ],
)
def test_wrong_argument_is_named(cli: Cli, arguments: tuple[str, ...], field: str, code: str) -> None:
    error = cli.json("users", *arguments, expect=2).error
    assert (error["field"], error["code"]) == (field, code)
    assert len(cli.json("users", "list").document["users"]) == 1
