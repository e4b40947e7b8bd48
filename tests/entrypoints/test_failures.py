"""Errors, the help, and the installed plugins."""

import json
import sys

import pytest

from credit_protection.entrypoints.cli import click_messages, session
from tests.entrypoints.command_line import Cli


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(session, "open_session", broken)


def test_unexpected_error_is_short_and_logged(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ZeroDivisionError("about 90010020055"))
    result = bare.run("integration", "list", expect=70)
    assert "Erro [erro_interno]: " in result.stderr
    assert "internal error" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
    assert "90010020055" not in result.stderr
    assert bare.json("integration", "list", expect=70).error["code"] == "erro_interno"


def test_traceback_of_an_unexpected_error_is_shown_at_debug_level(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_FORMAT", "json")
    bare.run("integration", "list")
    fail(monkeypatch, ZeroDivisionError("oops"))
    result = bare.run("integration", "list", expect=70)
    assert "Traceback" in result.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError()])
def test_interruption_aborts(bare: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    fail(monkeypatch, error)
    assert "Erro [cancelado]: " in bare.run("integration", "list", expect=130).stderr
    assert bare.json("integration", "list", expect=130).error["code"] == "cancelado"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("foo",), "Não existe o comando 'foo'."),
        (("quer",), "Não existe o comando 'quer'. Seria 'query'"),
        (("queries", "list", "--colour"), "Não existe a opção --colour."),
        (("queries", "show"), "Falta o argumento 'CONSULTA'."),
        (("query",), "Falta a opção '--product'"),
        (("queries", "list", "--limit"), "A opção '--limit' precisa de um valor."),
        (("queries", "list", "--limit", "many"), "Valor inválido para '--limit'"),
        (("queries", "list", "extra"), "Sobra na linha de comando: extra."),
        (("queries",), "Diga qual comando."),
        ((), "Diga qual comando."),
    ],
)
def test_usage_error_is_a_portuguese_sentence(bare: Cli, arguments: tuple[str, ...], sentence: str) -> None:
    assert f"Erro [uso]: {sentence}" in bare.run(*arguments, expect=2).stderr


def test_usage_error_is_json_with_the_json_option(bare: Cli) -> None:
    assert bare.json("queries", "show", expect=2).error == {"code": "uso", "message": "Falta o argumento 'CONSULTA'."}


def test_unknown_usage_error_is_passed_on() -> None:
    class Other(Exception):
        exit_code = 2

        def format_message(self) -> str:
            return "Something new."

    assert click_messages.is_usage_error(Other())
    assert click_messages.translated(Other()) == "Something new."


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("WORKERS", "many", "configuracao"),
        ("LOG_LEVEL", "LOUD", "nivel_de_log"),
        ("LOG_FORMAT", "xml", "formato_de_log"),
        ("KEY", "short", "chave_invalida"),
        ("DATABASE_URL", "mysql://user@server/database", "banco_desconhecido"),
        ("DATABASE_URL", "postgresql://user@127.0.0.1:1/database", "banco_inacessivel"),
    ],
)
def test_wrong_configuration_is_wrong_usage(
    bare: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    monkeypatch.setenv(f"CREDIT_PROTECTION_{name}", value)
    assert bare.json("integration", "list", expect=2).error["code"] == code


def test_missing_driver_of_postgresql_says_what_to_install(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_DATABASE_URL", "postgresql://user@127.0.0.1:1/database")
    for name in [name for name in sys.modules if "lightweight_cursor" in name or name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = bare.json("integration", "list", expect=2).error
    assert "pip install 'credit-protection[postgresql]'" in error["message"]


def test_help_is_portuguese_and_names_every_command(bare: Cli) -> None:
    text = bare.run("--help").stdout
    assert "Comandos" in text
    for command in (
        *("integration", "products", "natures", "query", "queries", "invoices", "negativate", "negativations"),
        *("removals", "sweep", "worker", "simulator", "demo", "plugins"),
    ):
        assert f" {command} " in text
    assert "obrigatório" in bare.run("negativate", "--help").stdout
    assert "Instala o completamento" in text


def test_version_and_plugins_are_printed_without_an_installation(bare: Cli) -> None:
    assert bare.run("--version").stdout.startswith("credit-protection 0.")
    (row,) = bare.json("plugins", "list").document["plugins"]
    assert row["hooks"] == ["bureaus", "host", "queue", "storage", "vault"]
    assert "credit_protection.builtin" in bare.run("plugins", "list").stdout
    assert not bare.home.exists()


def test_without_the_test_kit_simulator_and_demo_say_what_to_install(
    bare: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("credit_protection.testing", "jsonschema"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "credit_protection.entrypoints.demo.scenario", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    for command in ("simulator", "demo"):
        result = bare.run(command, expect=2)
        assert "pip install" in result.stderr


def test_error_document_is_the_only_document(bare: Cli) -> None:
    result = bare.json("negativations", "show", "nothing", expect=6)
    assert json.loads(result.stdout).keys() == {"error"}
