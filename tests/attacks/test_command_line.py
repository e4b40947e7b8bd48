"""The command line does not mislead: hints, empty lists, languages, narrow terminals, wrong parameters."""

from __future__ import annotations

import ast
import io
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from rich.console import Console

from credit_protection import ui
from credit_protection.domain.statuses import Status
from credit_protection.entrypoints.cli.app import app as commands
from credit_protection.entrypoints.cli.output import print_part
from credit_protection.ui import labels
from tests.entrypoints.command_line import SECRET, Cli, StoredData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.testing.simulator import BureauSimulator

SOURCE = Path(labels.__file__).parents[1]
HINT = re.compile(r"credit-protection((?: [a-z]+)+)((?: [A-Z<>=Ç_.]+| --[a-z-]+(?:[ =][a-zA-Z_]+)?)*)")
OPTION = re.compile(r"--[a-z][a-z-]*")


# ------------------------------------------------------------------------------------------------ hints


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the program that is no docstring, with its place; the values in an f-string are a word."""
    for path in sorted(SOURCE.rglob("*.py")):
        if "testing" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        docstrings = {
            id(statement.value)
            for node in ast.walk(tree)
            if isinstance(node, documented)
            for statement in node.body
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        }
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            place = f"{path.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
                yield place, "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inner:
                yield place, node.value


def command_of(words: list[str]) -> Any:  # noqa: ANN401 - the library's command
    """The command that the words begin with; None where there is none."""
    found: Any = typer.main.get_command(commands)
    for word in words:
        known = getattr(found, "commands", None)
        if known is None:
            return found  # what follows are arguments
        if word not in known:
            return None
        found = known[word]
    return found


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - likewise
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def test_every_command_and_option_that_a_hint_names_exists() -> None:
    wrong: list[str] = []
    named = 0
    for place, text in texts():
        for words, rest in HINT.findall(text):
            named += 1
            command = command_of(words.split())
            missing = sorted(set(OPTION.findall(rest)) - options_of(command)) if command is not None else [words]
            if missing:
                wrong.append(f"{place}: {missing} in {text!r}")
    assert named > 40
    assert wrong == []


def test_every_option_that_any_text_names_is_one_of_some_command() -> None:
    def walk(group: Any) -> Iterator[Any]:  # noqa: ANN401 - likewise
        for command in group.commands.values():
            yield command
            if hasattr(command, "commands"):
                yield from walk(command)

    root = typer.main.get_command(commands)
    known = {"--help", "--version", "--upgrade"}.union(*(options_of(command) for command in walk(root)))
    wrong = {
        f"{place}: {option}"
        for place, text in texts()
        if not text.startswith("--")
        for option in OPTION.findall(text)
        if option not in known
    }
    assert wrong == set()


# ------------------------------------------------------------------------------------------------ languages

ENGLISH = re.compile(
    r"\b(?:the|and|with|without|file|error|errors|failed|failure|missing|unknown|invalid|required|removed|removal|"
    r"payment|payments|invoice|invoices|customer|customers|query|queries|creditor|record|records|found|not|could|"
    r"must|should|cannot|none|true|false|open|closed|pending|sent|paid|bureau|settings|allowed|denied|yes|request|"
    r"dispute|lookup|transmission|integration|negativation|enabled|disabled|warning|default|refused|answered)\b",
    re.IGNORECASE,
)
PORTUGUESE = re.compile(
    r"[ãõçáéíóúâêô]|\b(?:de|da|das|dos|que|uma|um|para|por|com|sem|seu|sua|em|na|os)\b", re.IGNORECASE
)
QUOTED = re.compile(
    r"credit-protection(?: [a-z]+)+|--[a-z-]+(?:[= ][a-z_=|]+)?|`[^`]*`|\([a-z_]+(?:\.[a-z_]+)*\)|\(os:\w+\)|"
    r"[a-z]+_[a-z_]+(?:=\w+)?|\b\w+=\w+|CREDIT_PROTECTION_\w+|pip install \S+|\w+://\S*|\w+\.\w+(?:\.\w+)*\(?|"
    r"await asyncio\S*|invoices import|keep, remove ou continue|integration (?:edit|add)|NOT NULL"
)
"""Commands, options, codes and names: what a person types as it stands."""


def english_in(text: str) -> list[str]:
    return ENGLISH.findall(QUOTED.sub(" ", text))


def test_no_portuguese_text_has_an_english_word() -> None:
    wrong = {
        f"{place}: {words} in {text!r}"
        for place, text in texts()
        if len(text.split()) > 2 and PORTUGUESE.search(text) and (words := english_in(text))
    }
    assert wrong == set()


def helps(group: Any) -> Iterator[str]:  # noqa: ANN401 - likewise
    for name, command in group.commands.items():
        for text in (command.help, *(getattr(each, "help", None) for each in command.params)):
            if text:
                yield f"{name}: {text}"
        if hasattr(command, "commands"):
            yield from helps(command)


def test_no_help_text_has_an_english_word() -> None:
    found = {line: english_in(line.partition(": ")[2]) for line in helps(typer.main.get_command(commands))}
    assert {line: words for line, words in found.items() if words} == {}


def test_a_whole_story_prints_no_english_word(cli: Cli) -> None:
    made = cli.negativate("9001", "60003", "DEV").document["negativations"][0]["id"]
    cli.run("removals", "run", "--timeout", "20")
    cli.run("negativations", "delete", made, "--yes", "--reason", "dispute")
    printed = [
        cli.run(*line.split()).stdout
        for line in (
            f"negativations show {made}",
            "negativations list",
            "removals list",
            "removals run --timeout 20",
            f"negativations show {made}",
            "integration show",
            "products list",
            "natures list",
            "audit list",
            "host show",
            "invoices overdue",
            "customers find 9001",
            "creditors list",
            "removals check",
        )
    ]
    wrong = {line.strip(): words for text in printed for line in text.splitlines() if (words := english_in(line))}
    assert list(wrong.items()) == []


# ------------------------------------------------------------------------------------------------ lists


def test_negativations_are_listed_by_situation(cli: Cli) -> None:
    first, second = (
        cli.negativate(*chosen).document["negativations"][0]["id"]
        for chosen in (("9001", "60003", "DEV"), ("9001", "60004", "DEV"))
    )
    cli.run("removals", "run", "--timeout", "20")
    cli.run("negativations", "delete", first, "--yes")

    def listed(status: str, *further: str) -> list[str]:
        rows = cli.json("negativations", "list", "--status", status, *further).document["negativations"]
        return [row["id"] for row in rows]

    shown = cli.json("negativations", "show", second).document["status_text"]
    assert listed("na fila de remoção") == listed("NA FILA DE REMOCAO") == [first]
    assert listed(shown) == [second]
    everything = [each for status in Status for each in listed(status.value)]
    assert sorted(everything) == sorted([first, second])
    assert listed(shown, "--limit", "1") == [second]
    wrong = cli.json("negativations", "list", "--status", "talvez", expect=2).error
    assert all(status.value in wrong["message"] for status in Status)


def test_list_says_none_only_where_there_is_none(cli: Cli) -> None:
    assert "Nenhuma negativação." in cli.run("negativations", "list").stdout
    cli.negativate("9001", "60003", "DEV")
    for filtered in (("--closed",), ("--blocked",), ("--customer", "9002"), ("--status", "removida")):
        text = cli.run("negativations", "list", *filtered).stdout
        assert "Nenhuma" not in text
        assert "há outras" in text


# ------------------------------------------------------------------------------------------------ looking up


@pytest.mark.parametrize("text", ["9001", "900.009.001-68", "90000900168"])
def test_customer_is_found_by_code_and_document(cli: Cli, text: str) -> None:
    rows = cli.json("customers", "find", text).document["customers"]
    assert [row["id"] for row in rows] == ["9001"]
    assert "90000900168" not in str(rows)


def test_customer_is_found_by_name_in_any_case_and_without_accents(cli: Cli) -> None:
    (row,) = cli.json("customers", "find", "9001").document["customers"]
    part = row["name"].split()[-1]
    for text in (part, part.lower(), part.upper()):
        assert row["id"] in {each["id"] for each in cli.json("customers", "find", text).document["customers"]}
    assert cli.json("customers", "find", "zzzzzz").document["customers"] == []
    assert cli.json("customers", "find", "z", expect=2).error["code"] == "busca_curta"


def test_company_is_named_by_code_cnpj_or_name(
    cli: Cli, running_bureau: BureauSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", SECRET)
    (company,) = cli.json("creditors", "list").document["creditors"]
    for number, named in enumerate((company["id"], company["document"], company["name"].lower())):
        given = ("--param", "client_id=demo-client", "--param", f"base_url={running_bureau.url}")
        made = cli.json("integration", "add", "--description", f"c{number}", "--creditor", named, *given)
        assert made.document["creditor_id"] == company["id"]


def test_removed_product_is_restored(cli: Cli) -> None:
    def listed() -> set[str]:
        return {row["code"] for row in cli.json("products", "list").document["products"]}

    before = listed()
    cli.run("products", "remove", "ESSENCIAL")
    assert listed() == before - {"ESSENCIAL"}
    cli.run("products", "restore", "ESSENCIAL")
    assert listed() == before
    assert cli.json("products", "restore", "NENHUM", expect=6).error["code"] == "produto_desconhecido"


# ------------------------------------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "https://api.creditonamedida.invalid"),
        ("base_url", "HTTPS://API.BIRO.EXAMPLE/v1"),
        ("base_url", "api.biro.com.br"),
        ("base_url", "http://api.biro.com.br"),
        ("tempo_limite", "rápido"),
        ("conexoes", "0"),
    ],
)
def test_wrong_parameter_is_refused_when_it_is_given(
    cli: Cli,
    stored: StoredData,
    running_bureau: BureauSimulator,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", SECRET)
    given = {"client_id": "demo-client", "base_url": running_bureau.url, name: value}
    params = [part for key, text in given.items() for part in ("--param", f"{key}={text}")]
    refused = cli.json("integration", "add", "--description", "x", *params, expect=2)
    assert refused.error["field"] == name
    assert stored.count("cp_integration") == 1
    secret = ("--secret", "client_secret") if name == "base_url" else ()
    edited = cli.json("integration", "edit", "--param", f"{name}={value}", *secret, expect=2)
    assert edited.error["field"] == name
    assert cli.json("integration", "show").document["parameters"].get(name) != value


def test_one_command_resumes_what_a_lost_key_blocked(cli: Cli, stored: StoredData) -> None:
    made = [
        cli.negativate(*chosen).document["negativations"][0]["id"]
        for chosen in (("9001", "60003", "DEV"), ("9001", "60004", "DEV"))
    ]
    key = (stored.home / "key").read_bytes()
    (stored.home / "key").write_text("MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=\n")
    cli.run("removals", "run", "--timeout", "0")
    blocked = {row["id"] for row in cli.json("negativations", "list", "--blocked").document["negativations"]}
    assert blocked == set(made)
    (stored.home / "key").write_bytes(key)
    cli.run("integration", "test")
    assert cli.json("negativations", "list", "--blocked").document["negativations"] == []
    cli.run("removals", "run", "--timeout", "20")
    statuses = {cli.json("negativations", "show", each).document["observed"] for each in made}
    assert statuses == {"present"}


# ------------------------------------------------------------------------------------------------ narrow terminals


@pytest.mark.parametrize("width", [80, 60])
def test_table_keeps_ids_dates_and_words_whole_in_a_narrow_terminal(width: int) -> None:
    columns = ui.make_columns(
        id="Id", customer_name="Cliente", document="Documento", amount="Valor", due_date="Vencimento", status="Situação"
    )
    row = {
        "id": "0197c4e2-8f1a-7c3d-9b5e-2f6a1d4c8e07",
        "customer_name": "MARIA APARECIDA DOS SANTOS",
        "document": "***.009.001-**",
        "amount": "R$ 1.119,90",
        "due_date": date(2026, 10, 5),
        "status": "na fila de remoção",
    }
    out = io.StringIO()
    print_part(Console(file=out, width=width), ui.Table("x", "Negativações", columns, [row, row]))
    text = out.getvalue()
    for whole in (row["id"], "***.009.001-**", "05/10/2026", "APARECIDA"):
        assert text.count(str(whole)) == 2
    assert max(map(len, text.splitlines())) <= width


def test_sentences_are_whole(cli: Cli) -> None:
    cli.negativate("9001", "60003", "DEV")
    text = cli.run("removals", "check", expect=1).stdout
    assert "ainda não foi lido" in text.replace("\n", " ")
    assert "e nunca foi" not in text
    assert "Nenhuma regra se opõe." in (SOURCE / "ui" / "findings.py").read_text()
