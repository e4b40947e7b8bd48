"""Output of a command: tables for a person, or one JSON document for a program, from the same rows.

Data go to stdout, everything else to stderr.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, tzinfo
from enum import Enum
from typing import TYPE_CHECKING, TextIO

from credit_protection import Money, ui
from credit_protection.domain.texts import shown_text

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 200
_UNSAFE = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What JSON may hold as it is, and a terminal obeys: control characters of the second kind, direction marks, tags."""
_GAP = 2
"""Blanks beside a column."""
_LONGEST = 40
"""A longer word is folded wherever it stands."""
_NEXT = ui.make_columns(next="Continua com --after")


class Output:
    """Where a command writes; `timezone` is called where a person is shown instants, by default this machine's."""

    def __init__(self, *, as_json: bool = False, timezone: Callable[[], tzinfo | None] = lambda: None) -> None:
        self.as_json = as_json
        self._timezone = timezone

    def result(self, *parts: ui.Table | ui.Record) -> None:
        """Write the command's data. Call it once in a command, so that stdout holds one JSON document."""
        if self.as_json:
            write_json(document_of(parts))
        else:
            timezone = self._timezone() if any(map(_has_instant, parts)) else None
            for part in parts:
                print_part(console(stderr=False), part, timezone)

    def message(self, text: str) -> None:
        """Report to a person what happened, on stderr."""
        sys.stderr.write(encodable("\n".join(map(shown_text, text.split("\n"))), sys.stderr) + "\n")
        sys.stderr.flush()

    def details(self, *parts: ui.Table | ui.Record) -> None:
        """Show a person what a question is about; nothing with `--json`."""
        if not self.as_json:
            self.result(*parts)


def next_page(cursor: str | None) -> ui.Record:
    """The cursor of the next page, as a part of the result."""
    return ui.Record(_NEXT, {"next": cursor})


def document_of(parts: Iterable[ui.Table | ui.Record]) -> dict[str, object]:
    """The parts of a result as one JSON object."""
    document: dict[str, object] = {}
    for part in parts:
        if isinstance(part, ui.Table):
            document[part.key] = [as_json(row) for row in part.rows]
        else:
            document.update({key: as_json(value) for key, value in part.row.items()})
    return document


def write_json(document: Mapping[str, object]) -> None:
    """Write the one JSON document to stdout."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    sys.stdout.write(encodable(_UNSAFE.sub(lambda sign: json.dumps(sign[0])[1:-1], text), sys.stdout) + "\n")
    sys.stdout.flush()


def encodable(text: str, stream: TextIO) -> str:
    """The text, with a question mark for what the stream's charset does not have."""
    charset = stream.encoding or "utf-8"
    return text.encode(charset, "replace").decode(charset)


def as_json(value: object) -> object:
    """A value as JSON has it: ISO dates, reais as decimal text, codes of enums."""
    match value:
        case Enum():
            return ui.code_for(value)
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


def console(*, stderr: bool) -> Console:
    """A rich console; wide where no terminal limits the width, so that a pipe loses nothing."""
    from rich.console import Console  # noqa: PLC0415 - `--help` must not wait for it

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)


def print_part(out: Console, part: ui.Table | ui.Record, timezone: tzinfo | None = None) -> None:
    """Print a part for a person; instants in the timezone, by default this machine's."""
    from rich import box, table  # noqa: PLC0415 - `--help` must not wait for it
    from rich.text import Text  # noqa: PLC0415

    if isinstance(part, ui.Record):
        grid = table.Table(box=None, show_header=False, pad_edge=False)
        grid.add_column(style="bold")
        grid.add_column(overflow="fold")
        for title, text in part.fields(timezone):
            grid.add_row(Text(title), Text(text))
        out.print(grid)
    elif not part.rows:
        out.print(Text(part.empty))
    elif not _fits(part, timezone, out.width):
        out.print(Text(part.title, style="italic"))
        for row in part.rows:
            out.print()
            print_part(out, ui.Record(part.columns, row), timezone)
    else:
        grid = table.Table(title=Text(part.title), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for column in part.columns:
            grid.add_column(Text(column.title), justify=column.align, overflow="fold")
        for cells in part.cells(timezone):
            grid.add_row(*map(Text, cells))
        out.print(grid)


def _fits(part: ui.Table, timezone: tzinfo | None, width: int) -> bool:
    """Whether each column can be as wide as its longest word: else ids and dates are cut into pieces."""
    widths = [_longest_word(column.title) for column in part.columns]
    for cells in part.cells(timezone):
        widths = [max(known, _longest_word(cell)) for known, cell in zip(widths, cells, strict=True)]
    return sum(widths) + _GAP * len(widths) <= width


def _longest_word(text: str) -> int:
    return min(max(map(len, text.split()), default=0), _LONGEST)


def _has_instant(part: ui.Table | ui.Record) -> bool:
    rows = [part.row] if isinstance(part, ui.Record) else part.rows
    return any(isinstance(row.get(column.key), datetime) for row in rows for column in part.columns)
