"""Cells of an extract as neutral values; None where a cell can't be read."""

import contextlib
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import fold, parse_amount, parse_day, restore_leading_zeros

Cell = object
"""A text of a CSV file, or a value of a spreadsheet."""

_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+").fullmatch
_ENGLISH = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}").fullmatch

STATES = {
    ("inclusao", "processando"): RecordState.INCLUDING,
    ("inclusao", "inclusao"): RecordState.PRESENT,
    ("inclusao", "exclusao"): RecordState.GONE,
    ("inclusao", "erro"): RecordState.REJECTED,
    ("exclusao", "processando"): RecordState.REMOVING,
    ("exclusao", "inclusao"): RecordState.PRESENT,
    ("exclusao", "exclusao"): RecordState.GONE,
    ("exclusao", "erro"): RecordState.REMOVAL_REFUSED,
}
"""A record's state by the vendor's words, normalized, for its operation and its state."""


def text(cell: Cell) -> str:
    """As text, without blanks around it; a whole number without decimals."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def document(cell: Cell) -> str:
    """A document as written, with the leading zeros that a spreadsheet dropped."""
    return restore_leading_zeros(text(cell))


def day(cell: Cell) -> date | None:
    """A spreadsheet's day, `31/12/2026`, or `2026-12-31`; a time of day after it is ignored."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    with contextlib.suppress(InvalidInput):
        return parse_day(re.split(r"[ T]", text(cell), maxsplit=1)[0], separators="/-.")
    return None


def money(cell: Cell) -> Money | None:
    """A number, `1.234,56`, `1234.56`, or `R$ 1.234`; None where a separator is ambiguous."""
    with contextlib.suppress(InvalidOperation, InvalidInput):
        if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            return Money.brl(Decimal(str(cell)).quantize(Decimal("0.01")))
        written = text(cell).upper().removeprefix("R$").replace("\N{NO-BREAK SPACE}", "").strip()
        if _THOUSANDS(written):
            written = written.replace(".", "")
        elif _ENGLISH(written):
            written = written.replace(",", "")
        return parse_amount(written)
    return None


def state(operation: Cell, situation: Cell) -> RecordState | None:
    """The record's state by the vendor's words; accents and case don't matter."""
    return STATES.get((normalize(text(operation)), normalize(text(situation))))


def normalize(written: str) -> str:
    """Lower case, without accents, punctuation as single blanks."""
    return re.sub(r"[^0-9a-z]+", " ", fold(written)).strip()
