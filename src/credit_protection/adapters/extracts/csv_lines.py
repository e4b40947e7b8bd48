"""Lines of a CSV file as cells. A quote without a pair spoils its own line at most, never the lines after it."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from credit_protection.adapters.extracts.columns import MAX_COLUMNS, MAX_HEADER_ROW, Columns, Line

_SEPARATORS = ";,\t|"
_MAX_LINES = 20
"""A cell has no more lines of text than these."""
_MAX_LINE = 1 << 20


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written.

    Args:
        separator: between cells.
        width: cells of its header; 0 where it was not found.
        needed: cells that a row must have for all required columns.
    """

    separator: str
    width: int = 0
    needed: int = 0


def find_layout(lines: Iterator[str], wanted: Columns) -> Layout:
    """The separator under which a header is found; else the one that occurs most often in a line."""
    beginning = list(islice(lines, MAX_HEADER_ROW))
    counts = {sign: max((line.count(sign) for line in beginning), default=0) for sign in _SEPARATORS}
    likely = sorted(_SEPARATORS, key=lambda sign: -counts[sign])
    for sign in likely:
        for line in beginning:
            if line.count(sign) > MAX_COLUMNS:
                continue
            cells = _strict_cells(line, sign) or _literal_cells(line, sign)
            positions = wanted.positions(cells)
            if not wanted.missing(positions):
                needed = max(position for name, position in positions.items() if name in wanted.required) + 1
                return Layout(sign, len(cells), needed)
    return Layout(likely[0])


def read_lines(lines: Iterator[str], layout: Layout) -> Iterator[Line]:
    """The numbered rows of a file."""
    numbered = enumerate(lines, 1)
    waiting: list[tuple[int, str]] = []
    while True:
        number, line = waiting.pop(0) if waiting else next(numbered, (0, ""))
        if not number:
            return
        if line.count(layout.separator) > MAX_COLUMNS:
            yield number, None
            continue
        if '"' not in line:
            yield number, line.rstrip("\r\n").split(layout.separator)
            continue
        cells = _strict_cells(line, layout.separator)
        if cells is not None:
            yield number, cells
            continue
        literal = _literal_cells(line, layout.separator)
        if layout.needed <= len(literal) <= max(layout.width, layout.needed):
            yield number, literal
            continue
        if len(literal) < layout.needed:
            waiting += islice(numbered, max(0, _MAX_LINES - len(waiting)))
            count, joined = _joined_cells(line, [text for _, text in waiting], layout)
            if joined is not None:
                del waiting[:count]
                yield number + count, joined
                continue
        yield number, None


def _joined_cells(line: str, following: Sequence[str], layout: Layout) -> tuple[int, list[str] | None]:
    """The cells of a row whose quoted text has several lines, and how many lines follow the first one."""
    for count in range(1, len(following) + 1):
        line += following[count - 1]
        if len(line) > _MAX_LINE:
            break
        cells = _strict_cells(line, layout.separator)
        if cells is not None:
            return count, cells if layout.needed <= len(cells) <= layout.width else None
    return 0, None


def _strict_cells(text: str, separator: str) -> list[str] | None:
    """The cells; None where a quote has no pair, or stands within a quoted cell."""
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _literal_cells(text: str, separator: str) -> list[str]:
    """The cells where quotes are signs like others; those around a cell are dropped."""
    return [cell.strip().removeprefix('"').removesuffix('"') for cell in text.rstrip("\r\n").split(separator)]
