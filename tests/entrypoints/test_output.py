"""Tables and JSON come from the same rows."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from credit_protection.domain.money import Money
from credit_protection.domain.state_table import Observed
from credit_protection.domain.statuses import Status
from credit_protection.entrypoints.cli.output import Output, as_json, next_page
from credit_protection.ui import Record, Table, make_columns

ROW = {
    "amount": Money(123456),
    "on": date(2026, 11, 24),
    "at": datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC),
    "status": Status.REMOVAL_QUEUED,
    "observed": Observed.GONE,
    "open": False,
    "count": 3,
    "none": None,
    "list": ["a", Money(100)],
    "deep": {"x": date(2026, 1, 2)},
}
NAME = make_columns(name="Nome")


@pytest.mark.parametrize(
    ("key", "in_json"),
    [
        ("amount", "1234.56"),
        ("on", "2026-11-24"),
        ("at", "2026-11-24T12:30:05+00:00"),
        ("status", "removal_queued"),
        ("observed", "gone"),
        ("open", False),
        ("count", 3),
        ("none", None),
        ("list", ["a", "1.00"]),
        ("deep", {"x": "2026-01-02"}),
    ],
)
def test_value_in_json(key: str, in_json: object) -> None:
    assert as_json(ROW[key]) == in_json


def test_json_has_every_key_and_a_table_the_chosen_ones(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("things", "Coisas", make_columns(amount="Valor", on="Dia"), [ROW])
    Output(as_json=True).result(table, next_page(None))
    document = json.loads(capsys.readouterr().out)
    assert document["next"] is None
    assert document["things"][0].keys() == ROW.keys()
    Output().result(table, next_page(None))
    shown = capsys.readouterr().out
    assert "R$ 1.234,56" in shown
    assert "24/11/2026" in shown
    assert "saiu" not in shown
    assert "Continua" not in shown
    Output().result(table, next_page("abc"))
    assert "Continua com --after  abc" in capsys.readouterr().out


def test_instants_are_shown_in_the_timezone_that_only_they_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[object] = []

    def tokyo() -> timezone:
        asked.append(None)
        return timezone(timedelta(hours=9))

    Output(timezone=tokyo).result(Table("things", "Coisas", make_columns(on="Dia"), [ROW]))
    Output(as_json=True, timezone=tokyo).result(Record(make_columns(at="Quando"), ROW))
    assert not asked
    Output(timezone=tokyo).result(Table("things", "Coisas", make_columns(at="Quando"), [ROW]))
    assert "24/11/2026 21:30:05" in capsys.readouterr().out
    assert len(asked) == 1


def test_messages_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).message("olá")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "olá\n")


def test_markup_in_data_is_printed_literally(capsys: pytest.CaptureFixture[str]) -> None:
    Output().result(Table("t", "T", NAME, [{"name": "[red]LOJA[/red] :smile:"}]))
    assert "[red]LOJA[/red] :smile:" in capsys.readouterr().out


def test_empty_table_prints_its_sentence_and_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    empty = Table("t", "T", NAME, [], "Vazio.")
    Output().result(empty)
    assert capsys.readouterr().out == "Vazio.\n"
    Output(as_json=True).result(empty)
    assert json.loads(capsys.readouterr().out) == {"t": []}
