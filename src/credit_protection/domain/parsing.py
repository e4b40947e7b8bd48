"""Amounts, days, documents and names as people and files write them. Pure: the caller decides what a failure means.

Two formats exist for each: the machine's (`1234.56`, `2026-05-31`) and the Brazilian (`1.234,56`, `31/05/2026`). A
person types an amount in the Brazilian format alone: in the other one `1.000` would be one real.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from datetime import date
from typing import Final

from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money

_GROUPED = r"[0-9]{1,15}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,4}"
_BRAZILIAN_AMOUNT = re.compile(rf"(-?)({_GROUPED}),([0-9]{{1,2}})").fullmatch
_TYPED_AMOUNT = re.compile(rf"({_GROUPED})(?:,([0-9]{{1,2}}))?").fullmatch
_CURRENCY = re.compile(r"\AR\$\s*", re.IGNORECASE)
_NEGATIVE = re.compile(r"-(?:R\$\s*)?[0-9][0-9.,]*", re.IGNORECASE).fullmatch
_DECIMAL_POINT = re.compile(r"[0-9]+(?:\.[0-9]+)+").fullmatch
_AMBIGUOUS_AMOUNT = re.compile(r"-?[0-9]{1,3}\.[0-9]{3}").fullmatch
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
_BRAZILIAN_DAY = re.compile(r"([0-9]{1,2})([^0-9])([0-9]{1,2})\2([0-9]{4})").fullmatch
_CPF_LENGTH: Final = 11
_CNPJ_LENGTH: Final = 14


def parse_machine_amount(text: str, *, field: str = "amount") -> Money:
    """BRL with a decimal point and no thousands: `119.9`, `1234.56`.

    Raises:
        InvalidInput: another format, or not whole cents.
    """
    try:
        return Money.brl(text.strip())
    except InvalidInput as error:
        raise _invalid_amount(field) from error


def parse_brazilian_amount(text: str, *, field: str = "amount") -> Money:
    """BRL with a decimal comma, points between the thousands or none: `1.234,56`, `1234,5`.

    Raises:
        InvalidInput: another format.
    """
    found = _BRAZILIAN_AMOUNT(text.strip())
    if found is None:
        raise _invalid_amount(field)
    sign, whole, cents = found.groups()
    return Money.brl(f"{sign}{whole.replace('.', '')}.{cents}")


def parse_file_amount(text: str, *, field: str = "amount") -> Money:
    """BRL in either format, as files have it: a comma decides for the Brazilian one.

    `1.500` is read as R$ 1,50; see `is_ambiguous_amount`.

    Raises:
        InvalidInput: neither format.
    """
    parse = parse_brazilian_amount if "," in text else parse_machine_amount
    return parse(text, field=field)


def parse_amount(text: str, *, field: str = "amount") -> Money:
    """BRL as a person types it, or as `str(Money)` shows it: `1.000` is one thousand, `1000,5`, `R$ 1.000,50`.

    Raises:
        InvalidInput: another format, a negative amount, or a point that does not separate thousands (`1.50`).
    """
    written = text.strip()
    amount = _CURRENCY.sub("", written)
    if found := _TYPED_AMOUNT(amount):
        return Money.brl(f"{found[1].replace('.', '')}.{found[2] or '0'}")
    if _NEGATIVE(amount):
        raise InvalidInput(
            f"O valor {written} não pode ser negativo. Use, por exemplo, 119,90.", field=field, code="valor_negativo"
        )
    if _DECIMAL_POINT(amount):
        raise InvalidInput(
            f"O valor {written} é ambíguo: o ponto separa os milhares. Use a vírgula para os centavos, por exemplo "
            "1.000,50.",
            field=field,
            code="valor_ambiguo",
        )
    raise InvalidInput(
        "Valor deve ser em reais, com vírgula e até duas casas, por exemplo 119,90.", field=field, code="valor_formato"
    )


def is_ambiguous_amount(text: str) -> bool:
    """Whether the point of `1.234` may be a decimal point or may separate thousands."""
    return _AMBIGUOUS_AMOUNT(text.strip()) is not None


def parse_iso_day(text: str, *, field: str = "day") -> date:
    """`2026-05-31`.

    Raises:
        InvalidInput: another format, or no day of the calendar.
    """
    found = _ISO_DAY(text.strip())
    if found is None:
        raise _invalid_day(field)
    return _day(found[1], found[2], found[3], field)


def parse_brazilian_day(text: str, *, field: str = "day", separators: str = "/") -> date:
    """`31/05/2026`, day first; the leading zeros may be missing. Any of `separators` may be between the numbers.

    Raises:
        InvalidInput: another format, or no day of the calendar.
    """
    found = _BRAZILIAN_DAY(text.strip())
    if found is None or found[2] not in separators:
        raise _invalid_day(field)
    return _day(found[4], found[3], found[1], field)


def parse_day(text: str, *, field: str = "day", separators: str = "/") -> date:
    """A day in either format.

    Raises:
        InvalidInput: neither format, or no day of the calendar.
    """
    with contextlib.suppress(InvalidInput):
        return parse_iso_day(text, field=field)
    return parse_brazilian_day(text, field=field, separators=separators)


def restore_leading_zeros(document: str) -> str:
    """A CPF or CNPJ with the leading zeros that a spreadsheet dropped; unchanged where zeros don't make it valid."""
    text = document.strip()
    if not (text.isascii() and text.isdigit()):
        return text
    for length in (_CPF_LENGTH, _CNPJ_LENGTH):
        if len(text) == length:
            return text
        if len(text) < length:
            with contextlib.suppress(InvalidInput):
                return parse_document(text.zfill(length)).value
    return text


def compact_document(document: str) -> str:
    """A document's letters and digits, upper case: what two spellings of one document have in common."""
    if document.isdigit():
        return document
    return "".join(character for character in document if character.isalnum()).upper()


def fold(text: str) -> str:
    """Lower case, without accents, with single blanks: what two spellings of one name have in common."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def _day(year: str, month: str, day: str, field: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise _invalid_day(field) from None


def _invalid_amount(field: str) -> InvalidInput:
    return InvalidInput(
        "Valor deve ser em reais com até duas casas, por exemplo 119.90 ou 119,90.", field=field, code="valor_formato"
    )


def _invalid_day(field: str) -> InvalidInput:
    return InvalidInput(
        f"{field} deve ser um dia, por exemplo 2026-11-24 ou 24/11/2026.", field=field, code="data_formato"
    )
