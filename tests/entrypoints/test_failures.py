"""How the program ends when something goes wrong; the help; what is installed."""

import json
import sys

import pytest

from credit_protection.entrypoints.cli import integrations, usage
from tests.entrypoints.command_line import Cli


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(**_: object) -> None:
        raise error

    monkeypatch.setattr(integrations, "opened", broken)


def test_an_unexpected_error_is_short_and_logged(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, ZeroDivisionError("about 90010020055"))
    ran = bare.run("integration", "list", expect=70)
    assert "Erro [erro_interno]: " in ran.stderr
    assert "internal error" in ran.stderr
    assert "ZeroDivisionError" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "90010020055" not in ran.stderr
    assert bare.json("integration", "list", expect=70).error["code"] == "erro_interno"


def test_its_traceback_is_shown_where_that_is_asked_for(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_FORMAT", "json")
    bare.run("integration", "list")
    monkeypatch.setattr(integrations, "integration_row", None)
    fail(monkeypatch, ZeroDivisionError("oops"))
    ran = bare.run("integration", "list", expect=70)
    assert "Traceback" in ran.stderr


@pytest.mark.parametrize("error", [KeyboardInterrupt(), EOFError()])
def test_an_interruption_aborts(bare: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
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
def test_a_command_line_that_is_not_understood(bare: Cli, arguments: tuple[str, ...], sentence: str) -> None:
    assert f"Erro [uso]: {sentence}" in bare.run(*arguments, expect=2).stderr


def test_it_is_told_as_json_to_a_program(bare: Cli) -> None:
    assert bare.json("queries", "show", expect=2).error == {"code": "uso", "message": "Falta o argumento 'CONSULTA'."}


def test_what_the_library_says_otherwise_is_passed_on() -> None:
    class Other(Exception):
        exit_code = 2

        def format_message(self) -> str:
            return "Something new."

    assert usage.is_about_usage(Other())
    assert usage.sentence(Other()) == "Something new."


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("WORKERS", "many", "configuracao"),
        ("LOG_LEVEL", "LOUD", "nivel_de_log"),
        ("LOG_FORMAT", "xml", "formato_de_log"),
        ("KEY", "short", "chave_invalida"),
        ("DATABASE_URL", "mysql://nobody/nowhere", None),
    ],
)
def test_a_wrong_configuration(
    bare: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str | None
) -> None:
    monkeypatch.setenv(f"CREDIT_PROTECTION_{name}", value)
    error = bare.json("integration", "list", expect=2).error
    assert code is None or error["code"] == code


def test_help_is_portuguese_and_names_every_command(bare: Cli) -> None:
    text = bare.run("--help").stdout
    assert "Comandos" in text
    for command in (
        *("integration", "products", "natures", "query", "queries", "invoices", "negativate", "negativations"),
        *("removals", "sweep", "worker", "simulator", "demo", "plugins"),
    ):
        assert f" {command} " in text
    assert "obrigatório" in bare.run("negativate", "--help").stdout


def test_version_and_plugins(bare: Cli) -> None:
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
    monkeypatch.delitem(sys.modules, "credit_protection.entrypoints.demo.story", raising=False)
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    for command in ("simulator", "demo"):
        ran = bare.run(command, expect=2)
        assert "pip install" in ran.stderr


def test_the_error_document_is_the_only_one(bare: Cli) -> None:
    ran = bare.json("negativations", "show", "nothing", expect=6)
    assert json.loads(ran.stdout).keys() == {"error"}
