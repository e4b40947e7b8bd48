"""The fields of HubSoft's answers, read defensively: one meaning whichever endpoint they came from.

Each function takes a field as JSON gave it. A field that the ERP left blank comes out as `None` (a part of an address
as ""); one that holds something that can't be read is a `ValueError` whose sentence tells the operator what to correct,
and shows no whole document.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal

UNKNOWN_BIRTH = date(1969, 12, 31)
"""What the ERP stores where it does not know the birth date: the last day before the Unix epoch."""

STATES = {
    "AC": "ACRE",
    "AL": "ALAGOAS",
    "AM": "AMAZONAS",
    "AP": "AMAPA",
    "BA": "BAHIA",
    "CE": "CEARA",
    "DF": "DISTRITO FEDERAL",
    "ES": "ESPIRITO SANTO",
    "GO": "GOIAS",
    "MA": "MARANHAO",
    "MG": "MINAS GERAIS",
    "MS": "MATO GROSSO DO SUL",
    "MT": "MATO GROSSO",
    "PA": "PARA",
    "PB": "PARAIBA",
    "PE": "PERNAMBUCO",
    "PI": "PIAUI",
    "PR": "PARANA",
    "RJ": "RIO DE JANEIRO",
    "RN": "RIO GRANDE DO NORTE",
    "RO": "RONDONIA",
    "RR": "RORAIMA",
    "RS": "RIO GRANDE DO SUL",
    "SC": "SANTA CATARINA",
    "SE": "SERGIPE",
    "SP": "SAO PAULO",
    "TO": "TOCANTINS",
}
"""The 27 federative units: two letters to the name, upper case and without accents."""

_CENT = Decimal("0.01")
_LIMIT = Decimal(10) ** 13
_FLOAT_NOISE = Decimal("0.000001")
_PLAIN_AMOUNT = re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]+)?")
_BRAZILIAN_AMOUNT = re.compile(r"[+-]?([0-9]{1,13}|[0-9]{1,3}(\.[0-9]{3}){1,4}),[0-9]{1,2}")
_THOUSANDS_OR_MILLS = re.compile(r"[+-]?[0-9]{1,3}\.[0-9]{3}")
_DAY = re.compile(
    r"(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"|(?P<day_first>[0-9]{2})/(?P<month_second>[0-9]{2})/(?P<year_last>[0-9]{4}))"
    r"(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
)
_YEARS = range(1900, 2200)
_POSTAL_CODE = re.compile(r"([0-9]{2})\.?([0-9]{3})-?([0-9]{3})")
_STATE_BY_NAME = {name: letters for letters, name in STATES.items()}
_SHOWN_CHARACTERS = 20
_SHOWN_DIGITS = 8


def parse_amount(value: object) -> Decimal | None:
    """An amount with two places, from "119.9", "459.90", "1.234,56", a number, or null.

    Args:
        value: The field as JSON gave it.

    Returns:
        The amount in BRL, exact to the cent, or None where it is blank.

    Raises:
        ValueError: It is no amount, does not come out in whole cents, or could be read in two ways ("1.234").
    """
    match value:
        case None:
            return None
        case str():
            text = value.strip()
            if not text:
                return None
            amount, noise = _amount_of_text(text), Decimal(0)
        case bool():
            raise _bad_amount(value)
        case float():
            amount, noise = Decimal(str(value)), _FLOAT_NOISE
        case int() | Decimal():
            amount, noise = Decimal(value), Decimal(0)
        case _:
            raise _bad_amount(value)
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        raise _bad_amount(value)
    cents = amount.quantize(_CENT)
    if abs(cents - amount) > noise:
        raise _bad_amount(value)
    return cents or Decimal("0.00")


def parse_day(value: object) -> date | None:
    """A day, from "2026-05-31", "31/05/2026", either of them with a time after a blank (or a T), or null.

    Args:
        value: The field as JSON gave it. A time is read over: the ERP writes its own local time.

    Returns:
        The day, or None where it is blank.

    Raises:
        ValueError: It is no day of the calendar between the years 1900 and 2199, or comes in another format.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise _bad_day(value)
    year, month, day = (
        int(found[iso] or found[brazilian])
        for iso, brazilian in (("year", "year_last"), ("month", "month_second"), ("day", "day_first"))
    )
    if year not in _YEARS:
        raise _bad_day(value)
    try:
        return date(year, month, day)
    except ValueError:
        raise _bad_day(value) from None


def parse_birth(value: object) -> date | None:
    """A birth date: as `parse_day`, and the ERP's sign for "unknown" (1969-12-31) is None.

    Args:
        value: `data_nascmento` of a customer, `data_nascimento` of an invoice's customer.

    Returns:
        The birth date, or None where the ERP does not know it.

    Raises:
        ValueError: As `parse_day`.
    """
    birth = parse_day(value)
    return None if birth == UNKNOWN_BIRTH else birth


def parse_state(estado: object, uf: object) -> str:
    """The two letters of the state, from whichever of the two fields holds them, or the state's name.

    Some answers have the letters in `estado` and the name in `uf`, others the other way round; names come in upper
    case, with wrong accents or none.

    Args:
        estado: The field `estado`.
        uf: The field `uf`.

    Returns:
        Two letters in upper case, or "" where both fields are blank.

    Raises:
        ValueError: Neither filled field names a state, or they name two different ones.
    """
    filled = [field for field in (estado, uf) if field is not None and not _is_blank(field)]
    if not filled:
        return ""
    known = {letters for letters in map(_letters_of_state, filled) if letters}
    if not known:
        raise ValueError(
            f"Estado não reconhecido: {_shown(filled[0])}. "
            "Corrija o estado no endereço do cliente no ERP (por exemplo, MG ou Minas Gerais)."
        )
    if len(known) > 1:
        raise ValueError(
            f"O endereço do cliente traz dois estados diferentes ({' e '.join(sorted(known))}). "
            "Corrija o estado no endereço do cliente no ERP."
        )
    return known.pop()


def parse_postal_code(value: object) -> str:
    """A CEP as eight digits, from "35500-000", "35500000" or "35.500-000".

    Args:
        value: The field `cep`.

    Returns:
        Eight digits, or "" where it is blank or all zeros (a form's filler).

    Raises:
        ValueError: It is not a CEP.
    """
    if value is None or _is_blank(value):
        return ""
    found = _POSTAL_CODE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            f"CEP inválido: {_shown(value)}. "
            "Corrija o CEP no endereço do cliente no ERP: são 8 dígitos, com ou sem hífen (por exemplo, 35500-000)."
        )
    digits = "".join(found.groups())
    return digits if digits.strip("0") else ""


def _amount_of_text(text: str) -> Decimal:
    if _THOUSANDS_OR_MILLS.fullmatch(text):
        raise ValueError(
            f"Valor ambíguo: {_shown(text)} pode ser milhar ou centavos. "
            "Informe o valor no ERP com duas casas decimais (por exemplo, 1234.00)."
        )
    if _PLAIN_AMOUNT.fullmatch(text):
        return Decimal(text)
    if _BRAZILIAN_AMOUNT.fullmatch(text):
        return Decimal(text.replace(".", "").replace(",", "."))
    raise _bad_amount(text)


def _letters_of_state(field: object) -> str | None:
    if not isinstance(field, str):
        return None
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", field) if not unicodedata.combining(mark))
    name = " ".join(bare.upper().split())
    return name if name in STATES else _STATE_BY_NAME.get(name)


def _is_blank(field: object) -> bool:
    return isinstance(field, str) and not field.strip()


def _bad_amount(value: object) -> ValueError:
    return ValueError(
        f"Valor ilegível: {_shown(value)}. Corrija o valor no ERP: reais com até duas casas decimais "
        "(por exemplo, 119.90), e consulte de novo."
    )


def _bad_day(value: object) -> ValueError:
    return ValueError(
        f"Data ilegível: {_shown(value)}. Corrija a data no ERP: AAAA-MM-DD ou DD/MM/AAAA, "
        "um dia que exista, e consulte de novo."
    )


def _shown(value: object) -> str:
    """The start of a value, for a message; with more digits than a date or a CEP has, the digits are hidden."""
    text = str(value)[:_SHOWN_CHARACTERS]
    if sum(mark.isdigit() for mark in text) > _SHOWN_DIGITS:
        text = "".join("*" if mark.isdigit() else mark for mark in text)
    return f'"{text}"'
