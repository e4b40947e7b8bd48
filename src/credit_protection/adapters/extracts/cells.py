"""What stands in an extract's cells, as neutral values; None where it can't be read."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money

Cell = object
"""A text of a CSV file, or a value of a spreadsheet."""

_CENT = Decimal("0.01")
_BRAZILIAN = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})*,[0-9]{1,2}|-?[0-9]+,[0-9]{1,2}").fullmatch
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+").fullmatch
_ENGLISH = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]{1,2}").fullmatch
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]{1,2})?").fullmatch
_FORMS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y")
_CPF, _CNPJ = 11, 14

STATES = {
    ("INCLUSAO", "PROCESSANDO"): RecordState.INCLUDING,
    ("INCLUSAO", "INCLUSAO"): RecordState.PRESENT,
    ("INCLUSAO", "EXCLUSAO"): RecordState.GONE,
    ("INCLUSAO", "ERRO"): RecordState.REJECTED,
    ("EXCLUSAO", "PROCESSANDO"): RecordState.REMOVING,
    ("EXCLUSAO", "INCLUSAO"): RecordState.PRESENT,
    ("EXCLUSAO", "EXCLUSAO"): RecordState.GONE,
    ("EXCLUSAO", "ERRO"): RecordState.REMOVAL_REFUSED,
}
"""How a record stands, by the vendor's words for its operation and its state."""


def text(cell: Cell) -> str:
    """As text, without blanks around it; a whole number without decimals."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def document(cell: Cell) -> str:
    """A document as written; zeros that a spreadsheet dropped at its beginning are put back where it then is one."""
    written = text(cell)
    if not (written.isascii() and written.isdigit()) or len(written) in {_CPF, _CNPJ}:
        return written
    for length in (_CPF, _CNPJ):
        if len(written) < length:
            with contextlib.suppress(InvalidInput):
                return parse_document(written.zfill(length)).value
    return written


def day(cell: Cell) -> date | None:
    """A day: of a spreadsheet, `31/12/2026`, or `2026-12-31`; a time of day behind it is left out."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = text(cell)
    first = re.split(r"[ T]", written, maxsplit=1)[0]
    for form in _FORMS:
        with contextlib.suppress(ValueError):
            return datetime.strptime(first, form).replace(tzinfo=UTC).date()
    return None


def money(cell: Cell) -> Money | None:
    """An amount: a number, `1.234,56`, `1234.56`, `R$ 1.234`; None where a sign could mean two things."""
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        with contextlib.suppress(InvalidOperation, InvalidInput):
            return Money.brl(Decimal(str(cell)).quantize(_CENT))
        return None
    written = text(cell).upper().removeprefix("R$").replace("\N{NO-BREAK SPACE}", "").strip()
    if _BRAZILIAN(written):
        written = written.replace(".", "").replace(",", ".")
    elif _THOUSANDS(written):
        written = written.replace(".", "")
    elif _ENGLISH(written):
        written = written.replace(",", "")
    elif not _PLAIN(written):
        return None
    with contextlib.suppress(InvalidInput):
        return Money.brl(written)
    return None


def state(operation: Cell, situation: Cell) -> RecordState | None:
    """How the record stands, by the vendor's words, accents and case apart."""
    return STATES.get((_word(operation), _word(situation)))


def _word(cell: Cell) -> str:
    return plain(text(cell)).upper()


def plain(written: str) -> str:
    """Lower case, without accents, signs as single blanks."""
    decomposed = unicodedata.normalize("NFKD", written)
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[^0-9a-z]+", " ", bare.casefold()).split())
