"""Tables and JSON come from the same rows."""

import enum
import inspect
import json
from datetime import UTC, date, datetime

import pytest

from credit_protection.domain import (
    customers,
    events,
    findings,
    integrations,
    legal_calendar,
    negativations,
    products,
    queries,
    reasons,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Desired, Observed, Status
from credit_protection.entrypoints.cli.output import Output, Record, Table, as_json, as_text
from credit_protection.entrypoints.cli.words import word_for

INSTANT = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
ROW = {
    "amount": Money(123456),
    "on": date(2026, 11, 24),
    "at": INSTANT,
    "status": Status.REMOVAL_QUEUED,
    "observed": Observed.GONE,
    "open": False,
    "count": 3,
    "none": None,
    "list": ["a", Money(100)],
    "deep": {"x": date(2026, 1, 2)},
}


@pytest.mark.parametrize(
    ("key", "text", "in_json"),
    [
        ("amount", "R$ 1.234,56", "1234.56"),
        ("on", "24/11/2026", "2026-11-24"),
        ("at", INSTANT.astimezone().strftime("%d/%m/%Y %H:%M:%S"), "2026-11-24T12:30:05+00:00"),
        ("status", "na fila de remoção", "removal_queued"),
        ("observed", "saiu", "gone"),
        ("open", "não", False),
        ("count", "3", 3),
        ("none", "", None),
        ("list", "a, R$ 1,00", ["a", "1.00"]),
        ("deep", "x: 02/01/2026", {"x": "2026-01-02"}),
    ],
)
def test_a_value_as_text_and_as_json(key: str, text: str, in_json: object) -> None:
    assert as_text(ROW[key]) == text
    assert as_json(ROW[key]) == in_json


def test_json_has_every_key_and_a_table_the_chosen_ones(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("things", "Coisas", {"amount": "Valor", "on": "Dia"}, [ROW])
    Output(as_json=True).show(table, Record({"next": "Continua"}, {"next": None}))
    document = json.loads(capsys.readouterr().out)
    assert document["next"] is None
    assert document["things"][0].keys() == ROW.keys()
    Output().show(table, Record({"next": "Continua"}, {"next": None}))
    shown = capsys.readouterr().out
    assert "R$ 1.234,56" in shown
    assert "24/11/2026" in shown
    assert "saiu" not in shown
    assert "Continua" not in shown


def test_what_is_said_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).say("olá")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "olá\n")


def test_text_that_looks_like_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output().show(Table("t", "T", {"name": "Nome"}, [{"name": "[red]LOJA[/red] :smile:"}]))
    assert "[red]LOJA[/red] :smile:" in capsys.readouterr().out


def test_an_empty_table_says_so_and_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Table("t", "T", {"name": "Nome"}, [], "Vazio.")
    Output().show(empty)
    assert capsys.readouterr().out == "Vazio.\n"
    Output(as_json=True).show(empty)
    assert json.loads(capsys.readouterr().out) == {"t": []}


def test_equal_codes_of_two_classes_have_words_of_their_own() -> None:
    assert word_for(Desired.REMOVED) != word_for(events.EventKind.REMOVED)


def test_every_code_that_is_shown_has_a_portuguese_word() -> None:
    shown = (customers, events, findings, integrations, legal_calendar, negativations, products, queries, reasons)
    not_shown = {"ReuseMode", "SubscriptionStatus", "ExportFormat", "Status", "PersonType"}
    for module in shown:
        for name, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, enum.Enum) and kind.__module__ == module.__name__ and name not in not_shown:
                for member in kind:
                    assert word_for(member) != member.value, member
    assert word_for(PersonType.PF) == "PF"
