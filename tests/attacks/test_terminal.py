"""Texts of the ERP, of a bureau and of files reach a terminal, a log and JSON without the signs that control these."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from credit_protection import ui
from credit_protection.adapters.telemetry import logging as telemetry
from credit_protection.domain.texts import shown_text
from credit_protection.entrypoints.cli.app import app
from credit_protection.entrypoints.cli.output import Output
from tests.attacks.hostile_bureau import NATURES, PRODUCTS, HostileBureau, http
from tests.entrypoints.command_line import Cli

EVIL = "EVA\x1b]0;TOMADO\x07\x1b[2J\x9b31m[red]x[/red]\u202eOK\u2066\u200b\r\nERRO: linha falsa\u2028outra"
OBEYED = {"\x1b", "\x07", "\x9b", "\r", "\u202e", "\u2066", "\u200b", "\u2028", "\x7f", "\x85"}


def obeyed(text: str) -> set[str]:
    return {sign for sign in OBEYED if sign in text}


@given(st.text(max_size=200))
def test_shown_text_is_one_line_without_controls(text: str) -> None:
    shown = shown_text(text)
    assert not obeyed(shown)
    assert len(shown.splitlines()) <= 1
    assert all(sign.isprintable() or not sign.isascii() for sign in shown)
    assert shown_text(shown) == shown
    shown.encode()


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=100))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert shown_text(text) == text


@pytest.fixture
def hostile(bare: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """An installation whose ERP and bureau send `EVIL` wherever a text may stand."""
    provider = json.loads(files("credit_protection.adapters.hosts.local").joinpath("example_provider.json").read_text())
    for customer in provider["clientes"]:
        customer["nome_razaosocial"] = f"{EVIL} {customer['id_cliente']}"
    (tmp_path / "evil.json").write_text(json.dumps(provider))
    product = PRODUCTS["produtos"][0] | {"nome": EVIL}
    refusal = http(422, {"codigo": "X[red]", "mensagem": EVIL, "campo": EVIL}, headers={"X-Protocolo": "[red]abc"})
    bureau = HostileBureau()
    bureau.answers["GET /v1/produtos"] = http(200, {"produtos": [product, PRODUCTS["produtos"][1]]})
    natures = [{"codigo": "DEV", "descricao": f"Devedor (PF) {EVIL}"}, NATURES["naturezas"][1]]
    bureau.answers["GET /v1/naturezas"] = http(200, {"naturezas": natures})
    bureau.answers["POST /v1/consultas"] = bureau.answers["POST /v1/negativacoes"] = refusal
    server = bureau.start()
    monkeypatch.setenv("CREDIT_PROTECTION_PARAM_CLIENT_SECRET", "segredo-qualquer")
    monkeypatch.setenv("CREDIT_PROTECTION_LOG_LEVEL", "DEBUG")
    bare.run("invoices", "import", str(tmp_path / "evil.json"))
    given_ = ("--param", "client_id=demo", "--param", f"base_url={server.url}")
    add = ("integration", "add", "--gateway", "credito_na_medida", "--description", EVIL, "--creditor")
    bare.run(*add, "99009000000110", *given_)
    bare.run("products", "sync")
    yield bare
    server.stop()


@pytest.mark.parametrize(
    "arguments",
    [
        ("products", "list"),
        ("natures", "list"),
        ("integration", "list"),
        ("integration", "show"),
        ("invoices", "overdue"),
        ("invoices", "overdue", "--customer", "9001"),
        ("query", "900.009.001-68", "-p", "ESSENCIAL"),
        ("negativate", "--customer", "9001", "--invoice", "60003", "--nature", "DEV"),
        ("negativations", "adopt", "--dry-run", "--file", "evil\x1b[31m.csv"),
        ("negativations", "show", EVIL),
        ("integration", "show", EVIL + "x"),
        ("removals", "check"),
        ("removals", EVIL),
        ("--" + EVIL,),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_nothing_on_the_terminal_is_obeyed(hostile: Cli, arguments: tuple[str, ...], form: tuple[str, ...]) -> None:
    del hostile
    header = "documento;nome;contrato;vencimento;valor;operacao;situacao\n"
    Path("evil\x1b[31m.csv").write_text(f'{header}900.009.001-68;"{EVIL[:40]}";R\x1b[2J;01/01/2026;10,00;X;Y\n')
    result = CliRunner().invoke(app, [*arguments, *form], input="n\n")
    assert result.exit_code != 70, result.stderr
    assert not obeyed(result.stdout)
    assert not obeyed(result.stderr)
    assert not any(line.startswith("ERRO: linha falsa") for line in f"{result.stdout}\n{result.stderr}".split("\n"))


def test_json_keeps_every_sign_as_an_escape(capsys: pytest.CaptureFixture[str]) -> None:
    text = EVIL + "\ud800\x7f\x85"
    Output(as_json=True).result(ui.Record((), {"name": text}))
    printed = capsys.readouterr().out
    assert not obeyed(printed)
    assert json.loads(printed) == {"name": text}


def test_text_that_the_terminal_can_not_show_is_no_internal_error(capsys: pytest.CaptureFixture[str]) -> None:
    Output().message("nome \ud800 e \udcff")
    assert "nome" in capsys.readouterr().err


def test_log_has_one_line_for_an_event() -> None:
    stream = io.StringIO()
    telemetry.configure("INFO", stream=stream)
    logging.getLogger("host").info("nome %s", EVIL)
    logged = stream.getvalue()
    assert not obeyed(logged)
    assert logged.count("\n") == 1
