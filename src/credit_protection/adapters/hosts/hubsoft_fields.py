"""The fields of HubSoft's answers, with one meaning for all endpoints.

Each function takes a field as JSON gave it. A blank field gives `None` (a part of an address gives ""). A field that
can't be read is a `ValueError` whose message says what to correct in the ERP, and shows no whole document.
"""

import re
from datetime import date
from decimal import Decimal

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parsing import fold, is_ambiguous_amount, parse_day, parse_file_amount

UNKNOWN_BIRTH = date(1969, 12, 31)
"""The ERP stores the last day before the Unix epoch where it does not know the birth date."""

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
"""The names of the 27 federative units by their letters, upper case and without accents."""

_CENT = Decimal("0.01")
_LIMIT = Decimal(10) ** 13
_FLOAT_NOISE = Decimal("0.000001")
_TIME = re.compile(r"[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\Z")
_PADDED_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4}").fullmatch
_YEARS = range(1900, 2200)
_POSTAL_CODE = re.compile(r"([0-9]{2})\.?([0-9]{3})-?([0-9]{3})").fullmatch
_STATE_BY_NAME = {name: letters for letters, name in STATES.items()}
_SHOWN_CHARACTERS = 20
_SHOWN_DIGITS = 8


def read_amount(value: object) -> Decimal | None:
    """BRL with two places, from "119.9", "459.90", "1.234,56", a number, or null; "1.234" is ambiguous."""
    if _is_blank(value):
        return None
    noise = _FLOAT_NOISE if isinstance(value, float) else Decimal(0)
    amount = _decimal(value)
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        raise _invalid_amount(value)
    cents = amount.quantize(_CENT)
    if abs(cents - amount) > noise:
        raise _invalid_amount(value)
    return cents or Decimal("0.00")


def read_day(value: object) -> date | None:
    """A day of the years 1900 to 2199, from "2026-05-31" or "31/05/2026", with or without a time, or null.

    The time is ignored: the ERP writes its own local time.
    """
    if _is_blank(value):
        return None
    text = _TIME.sub("", value.strip()) if isinstance(value, str) else ""
    try:
        day = parse_day(text) if _PADDED_DAY(text) else None
    except InvalidInput:
        day = None
    if day is None or day.year not in _YEARS:
        raise ValueError(
            f"Data ilegível: {_shown(value)}. Corrija a data no ERP: AAAA-MM-DD ou DD/MM/AAAA, "
            "um dia que exista, e consulte de novo."
        )
    return day


def read_birth(value: object) -> date | None:
    """A birth date: as `read_day`, and None for the ERP's mark of an unknown one (1969-12-31)."""
    birth = read_day(value)
    return None if birth == UNKNOWN_BIRTH else birth


def read_state(estado: object, uf: object) -> str:
    """The two letters of the state, or "" where both fields are blank.

    Some answers have the letters in `estado` and the name in `uf`, others the other way round; both must name one
    state. Names come in upper case, with wrong accents or none.
    """
    filled = [field for field in (estado, uf) if not _is_blank(field)]
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


def read_postal_code(value: object) -> str:
    """A CEP as eight digits, from "35500-000", "35500000" or "35.500-000"; "" where it is blank or all zeros."""
    if _is_blank(value):
        return ""
    found = _POSTAL_CODE(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(
            f"CEP inválido: {_shown(value)}. "
            "Corrija o CEP no endereço do cliente no ERP: são 8 dígitos, com ou sem hífen (por exemplo, 35500-000)."
        )
    digits = "".join(found.groups())
    return digits if digits.strip("0") else ""


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _invalid_amount(value)
    if not isinstance(value, str):
        return Decimal(str(value))
    if is_ambiguous_amount(value):
        raise ValueError(
            f"Valor ambíguo: {_shown(value)} pode ser milhar ou centavos. "
            "Informe o valor no ERP com duas casas decimais (por exemplo, 1234.00)."
        )
    try:
        return parse_file_amount(value).amount
    except InvalidInput:
        raise _invalid_amount(value) from None


def _letters_of_state(field: object) -> str | None:
    name = fold(field).upper() if isinstance(field, str) else ""
    return name if name in STATES else _STATE_BY_NAME.get(name)


def _is_blank(field: object) -> bool:
    return field is None or (isinstance(field, str) and not field.strip())


def _invalid_amount(value: object) -> ValueError:
    return ValueError(
        f"Valor ilegível: {_shown(value)}. Corrija o valor no ERP: reais com até duas casas decimais "
        "(por exemplo, 119.90), e consulte de novo."
    )


def _shown(value: object) -> str:
    """The start of a value, for a message. Digits are hidden where there are more than a date or a CEP has."""
    text = str(value)[:_SHOWN_CHARACTERS]
    if sum(character.isdigit() for character in text) > _SHOWN_DIGITS:
        text = "".join("*" if character.isdigit() else character for character in text)
    return f'"{text}"'
