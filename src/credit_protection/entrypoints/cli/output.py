"""Rendering: the same rows become a table for a person, or one JSON document for a program.

Data go to stdout, everything else to stderr. Values are the domain's own (dates, money, enumerations); only here do
they become text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Status
from credit_protection.entrypoints.cli.words import word_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

Row = Mapping[str, object]
"""Values by stable English key."""

_PIPE_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Many rows of one kind.

    Args:
        key: the name of the list in JSON.
        title: above the table.
        columns: what a person sees, in order: heading by key. JSON has every key of the rows.
        rows: the data.
        empty: said instead of an empty table.
    """

    key: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Row]
    empty: str = "Nada a mostrar."


@dataclass(frozen=True, slots=True)
class Record:
    """One thing.

    Args:
        labels: what a person sees, in order: label by key.
        row: the data; in JSON its keys stand at the top.
        key: in JSON, under which key it stands instead.
    """

    labels: Mapping[str, str]
    row: Row
    key: str = ""


class Output:
    """Where a command writes.

    Args:
        as_json: one JSON document on stdout instead of tables.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    def show(self, *parts: Table | Record) -> None:
        """Write data: call it once in a command, so that stdout holds one JSON document."""
        if self.as_json:
            write_json(document_of(parts))
            return
        out = console(stderr=False)
        for part in parts:
            print_part(out, part)

    def say(self, message: str) -> None:
        """Tell a person what happened."""
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()

    def present(self, *parts: Table | Record) -> None:
        """Show a person something to decide upon; nothing where a program reads."""
        if not self.as_json:
            self.show(*parts)


def document_of(parts: Iterable[Table | Record]) -> dict[str, object]:
    """The parts of a command's answer as one JSON object."""
    document: dict[str, object] = {}
    for part in parts:
        if isinstance(part, Table):
            document[part.key] = [as_json(row) for row in part.rows]
        elif part.key:
            document[part.key] = as_json(part.row)
        else:
            document.update({key: as_json(value) for key, value in part.row.items()})
    return document


def write_json(document: Mapping[str, object]) -> None:
    """The one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def as_json(value: object) -> object:
    """A value as JSON has it: ISO dates, reais as decimal text, codes."""
    match value:
        case Status():
            return value.name.lower()
        case Enum():
            return value.value
        case Money():
            return str(value.amount)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): as_json(each) for key, each in value.items()}
        case str() | None | bool() | int() | float():
            return value
        case Iterable():
            return [as_json(each) for each in value]
        case _:
            return str(value)


def as_text(value: object) -> str:
    """A value as a person reads it in Portuguese."""
    match value:
        case None:
            return ""
        case bool():
            return "sim" if value else "não"
        case Enum():
            return word_for(value)
        case datetime():
            return value.astimezone().strftime("%d/%m/%Y %H:%M:%S")
        case date():
            return value.strftime("%d/%m/%Y")
        case Mapping():
            return ", ".join(f"{key}: {as_text(each)}" for key, each in value.items())
        case list() | tuple() | set() | frozenset():
            return ", ".join(as_text(each) for each in value)
        case _:
            return str(value)


def console(*, stderr: bool) -> Console:
    """A rich console; wide where nobody's terminal limits it, so that a pipe loses nothing."""
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)


def print_part(out: Console, part: Table | Record) -> None:
    """Print a part for a person."""
    from rich import box, table  # noqa: PLC0415 - `--help` must not wait for it
    from rich.text import Text  # noqa: PLC0415

    if isinstance(part, Record):
        grid = table.Table(box=None, show_header=False, pad_edge=False)
        grid.add_column(style="bold")
        grid.add_column(overflow="fold")
        for key, label in part.labels.items():
            if text := as_text(part.row.get(key)):
                grid.add_row(Text(label), Text(text))
        out.print(grid)
    elif not part.rows:
        out.print(Text(part.empty))
    else:
        grid = table.Table(title=Text(part.title), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for key, heading in part.columns.items():
            numeric = isinstance(part.rows[0].get(key), Money | int) and not isinstance(part.rows[0].get(key), bool)
            grid.add_column(Text(heading), justify="right" if numeric else "left", overflow="fold")
        for row in part.rows:
            grid.add_row(*(Text(as_text(row.get(key))) for key in part.columns))
        out.print(grid)
