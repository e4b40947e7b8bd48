"""`products reasons`, and what Testar and Sincronizar say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.testing.simulator import BureauSimulator
    from tests.entrypoints.command_line import Cli


@pytest.fixture
def short(bureau: BureauSimulator, cli: Cli) -> Iterator[Cli]:
    """A bureau with four reasons of its own, synchronised."""
    bureau.set_options(code_set="short")
    cli.run("products", "sync")
    yield cli
    bureau.set_options(code_set="declared")


def rows(cli: Cli, *options: str) -> dict[str, dict[str, Any]]:
    listed = cli.json("products", "reasons", *options).document["reasons"]
    return {row["reason"]: row for row in listed}


def test_reasons_show_the_bureaus_codes_and_who_set_them(short: Cli) -> None:
    shown = rows(short)
    assert list(shown)[-1] == "fallback"
    payment = {"code": "PG", "description": "Pagamento da dívida", "set_by": None, "origin": "proposto"}
    assert shown["payment"].items() >= payment.items()
    assert (shown["fraud"]["code"], shown["fraud"]["origin"]) == (None, "falta")
    assert shown["fallback"]["code"] == "SC"
    text = short.run("products", "reasons").stdout
    assert "Solicitação do credor" in text
    assert "falta" in text


def test_reason_and_fallback_are_set_and_taken_back(short: Cli) -> None:
    result = short.run("products", "reasons", "--set", "fraud=OJ", "--set", "payment=RN", "--fallback", "RN")
    assert "Motivos da baixa alterados." in result.stderr
    shown = rows(short)
    assert shown["fraud"]["code"] == "OJ"
    assert shown["payment"]["set_by"]
    assert shown["payment"]["origin"] == f"definido por {shown['payment']['set_by']}"
    assert shown["fallback"]["code"] == "RN"
    again = rows(short, "--set", "fraud=", "--set", "payment=", "--fallback", "")
    assert (again["fraud"]["code"], again["payment"]["code"], again["fallback"]["code"]) == (None, "PG", "SC")


def test_unknown_reason_and_unlisted_code_say_what_to_use(short: Cli) -> None:
    assert "payment, partial_payment" in short.run("products", "reasons", "--set", "paid=PG", expect=2).stderr
    assert "PG, RN, OJ, SC" in short.run("products", "reasons", "--set", "payment=PAGO", expect=2).stderr


def test_testing_and_synchronising_say_what_is_missing(short: Cli, bureau: BureauSimulator) -> None:
    said = short.run("integration", "test").stderr
    assert "Sem código próprio no birô: pagamento parcial" in said
    bureau.set_catalogue(motivos=[{"codigo": "RN", "descricao": "Renegociação"}])
    result = short.json("products", "sync")
    assert [finding["code"] for finding in result.document["findings"]] == ["baixa_sem_motivo", "motivo_sem_codigo"]
    assert "Falta o código do birô para o motivo de baixa pagamento e solicitação do credor" in result.stderr
    assert [one["severity"] for one in short.json("integration", "test").document["findings"]] == ["block", "warn"]
