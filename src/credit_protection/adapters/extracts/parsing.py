"""Cells of an extract as neutral values; None where a cell can't be read."""

import contextlib
import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money
from credit_protection.domain.parsing import fold, parse_day, parse_file_amount, restore_leading_zeros

Cell = object
"""A text of a CSV file, or a value of a spreadsheet."""
EPOCH = date(1899, 12, 30)
"""The day zero of a spreadsheet's dates, unless the spreadsheet says another one."""

_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})").fullmatch
_SHORT_YEAR = re.compile(r"([0-9]{1,2})([/.])([0-9]{1,2})\2([0-9]{2})").fullmatch
_NAMED_MONTH = re.compile(r"([0-9]{1,2})(?: de |[-/ .]+)([a-z]{3,9})(?: de |[-/ .]+)([0-9]{4}|[0-9]{2})(?![0-9])").match
_SERIAL = re.compile(r"([0-9]{5})(?:[.,][0-9]+)?").fullmatch
_CLOCK = re.compile(r"[ T]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?").search
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+").fullmatch
_ENGLISH = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}").fullmatch
_THREE_DECIMALS = re.compile(r".*\.[0-9]{3,}").fullmatch
_FORMULA = re.compile(r"""=\s*(["'])(.*)\1""", re.DOTALL).fullmatch
_WHOLE = re.compile(r"([0-9]+)\.0+").fullmatch
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:[.,][0-9]+E\+?|E\+)[0-9]{1,3}", re.IGNORECASE).fullmatch
_SEPARATORS = str.maketrans("", "", "./- ")
_MOST_DIGITS = 10**15
"""A spreadsheet's number has 15 digits; the others became zeros."""
_FIRST_DAY, _LAST_DAY = date(1980, 1, 1), date(2099, 12, 31)
_MONTHS = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
_CPF_LENGTH, _CNPJ_LENGTH = 11, 14

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
    """As text, a whole number without decimals; without blanks and signs that only mark it as text.

    Those are invisible characters, `="..."` and a first apostrophe.
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    written = str(cell)
    if not written.isascii():
        written = "".join(sign for sign in written if unicodedata.category(sign) != "Cf")
        written = written.replace("\N{NO-BREAK SPACE}", " ")
    written = written.strip()
    if formula := _FORMULA(written):
        written = formula[2].strip()
    return written.removeprefix("'").strip()


def is_number(cell: Cell) -> bool:
    """Whether the cell is a number, or was one in a spreadsheet: its leading zeros may be lost."""
    return (isinstance(cell, int | float) and not isinstance(cell, bool)) or _WHOLE(text(cell)) is not None


def has_lost_digits(cell: Cell) -> bool:
    """Whether digits were lost: a number of more than 15, one in scientific notation, or a text that became a date."""
    if isinstance(cell, int | float):
        return abs(cell) >= _MOST_DIGITS or (isinstance(cell, float) and not cell.is_integer())
    return isinstance(cell, date) or _SCIENTIFIC(text(cell)) is not None


def reference(cell: Cell) -> str:
    """A contract reference; of a number, the digits that are left."""
    written = text(cell)
    whole = _WHOLE(written)
    return whole[1] if whole else written


def document(cell: Cell) -> str:
    """A document as written; valid, where zeros or punctuation that a spreadsheet dropped or added make it so."""
    written = reference(cell)
    with contextlib.suppress(InvalidInput):
        parse_document(written)
        return written
    bare = written.translate(_SEPARATORS).upper()
    digits = bare.lstrip("0") if bare.isascii() and bare.isdigit() else ""
    for form in (bare, digits.zfill(_CPF_LENGTH), digits.zfill(_CNPJ_LENGTH)):
        with contextlib.suppress(InvalidInput):
            return parse_document(form).value
    return restore_leading_zeros(written)


def day(cell: Cell, epoch: date = EPOCH) -> date | None:
    """A spreadsheet's day or its number, `31/12/2026`, `31/12/26`, `31/dez/2026`, `2026-12-31`, `31122026`, `20261231`.

    Leading zeros may be missing; a time of day after it is ignored. `epoch` is the day zero of a number.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _serial_day(float(cell), epoch)
    written = text(cell)
    if serial := _SERIAL(written):
        return _serial_day(float(serial[1]), epoch)
    if named := _NAMED_MONTH(fold(written)):
        return _named_day(named[1], named[2], named[3])
    written = re.split(r"[ T]", written, maxsplit=1)[0]
    if iso := _ISO_DAY(written):
        written = f"{iso[1]}-{iso[2]:0>2}-{iso[3]:0>2}"
    elif short := _SHORT_YEAR(written):
        written = f"{short[1]}/{short[3]}/20{short[4]}"
    elif len(written) == 8 and written.isascii() and written.isdigit():  # noqa: PLR2004 - year, month and day
        return _digits_day(written)
    with contextlib.suppress(InvalidInput):
        return parse_day(written, separators="/-.")
    return None


def moment(cell: Cell, epoch: date = EPOCH) -> date | datetime | None:
    """When an operation happened: a day, with its time where the cell has one."""
    if isinstance(cell, datetime):
        return cell
    found = day(cell, epoch)
    if found is None or isinstance(cell, date):
        return found
    clock = _CLOCK(text(cell))
    if clock is None:
        return found
    hour, minute, second = (int(part or 0) for part in clock.groups())
    with contextlib.suppress(ValueError):
        return datetime(found.year, found.month, found.day, hour, minute, second)  # noqa: DTZ001 - compared with its like only
    return found


def money(cell: Cell) -> Money | None:
    """A number, `1.234,56`, `1234.56`, or `R$ 1.234`; None where a separator is ambiguous."""
    with contextlib.suppress(InvalidOperation, InvalidInput):
        if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
            return Money.brl(Decimal(str(cell)).quantize(Decimal("0.01")))
        written = text(cell).upper().removeprefix("R$").strip()
        if _THOUSANDS(written):
            written = written.replace(".", "")
        elif _ENGLISH(written):
            written = written.replace(",", "")
        elif _THREE_DECIMALS(written):
            return None
        return parse_file_amount(written)
    return None


def state(operation: Cell, situation: Cell) -> RecordState | None:
    """The record's state by the vendor's words; accents and case don't matter."""
    return STATES.get((normalize(text(operation)), normalize(text(situation))))


def normalize(written: str) -> str:
    """Lower case, without accents, punctuation as single blanks."""
    return re.sub(r"[^0-9a-z]+", " ", fold(written)).strip()


def _serial_day(serial: float, epoch: date) -> date | None:
    with contextlib.suppress(OverflowError, ValueError):
        found = epoch + timedelta(days=int(serial))
        if _FIRST_DAY <= found <= _LAST_DAY:
            return found
    return None


def _digits_day(digits: str) -> date | None:
    """`20261231` or `31122026`: no text is both, since no month is 20."""
    for form in (digits, digits[4:] + digits[2:4] + digits[:2]):
        with contextlib.suppress(ValueError):
            found = date(int(form[:4]), int(form[4:6]), int(form[6:]))
            if _FIRST_DAY <= found <= _LAST_DAY:
                return found
    return None


def _named_day(number: str, month: str, year: str) -> date | None:
    with contextlib.suppress(ValueError):
        return date(int(year if len(year) > 2 else f"20{year}"), _MONTHS.index(month[:3]) + 1, int(number))  # noqa: PLR2004
    return None
