"""CPF and CNPJ: checked when made, stored compact, shown masked.

CNPJ has letters in production since July 2026 (Receita Federal IN 2.229/2024). A document is a string, never a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from validate_docbr import CNPJ, CPF

from credit_protection.domain.errors import InvalidInput


class PersonType(StrEnum):
    """PF is a natural person (CPF), PJ a legal person (CNPJ)."""

    PF = "PF"
    PJ = "PJ"


_CPF_SHAPE = re.compile(r"[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}").fullmatch
_CNPJ_SHAPE = re.compile(
    r"[0-9A-Z]{12}[0-9]{2}|[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}",
).fullmatch
_PUNCTUATION = str.maketrans("", "", "./-")
_cpf_is_valid = CPF().validate
_cnpj_is_valid = CNPJ().validate


@dataclass(frozen=True, slots=True, init=False, repr=False)
class _Document:
    """`str()` and `repr()` give it masked."""

    value: str

    @property
    def masked(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked})"


def _compact(text: str, length: int) -> str:
    return text if len(text) == length else text.translate(_PUNCTUATION)


def _invalid(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, field="document", code=code)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Cpf(_Document):
    """A natural person's document: 11 digits, the last two check digits. `str()` gives it masked.

    Args:
        text: compact (`90010020055`) or punctuated (`900.100.200-55`); blanks around it are dropped.

    Raises:
        InvalidInput: wrong shape or wrong check digits. The message never holds the document.
    """

    person_type: ClassVar[PersonType] = PersonType.PF
    is_alphanumeric: ClassVar[bool] = False

    def __init__(self, text: str) -> None:
        given = text.strip()
        if not _CPF_SHAPE(given):
            message = "CPF deve ter 11 dígitos, com ou sem pontuação. Confira o documento no cadastro."
            raise _invalid("cpf_formato", message)
        compact = _compact(given, 11)
        if not _cpf_is_valid(compact):
            message = "CPF com dígitos verificadores errados. Confira o documento com o cliente."
            raise _invalid("cpf_digitos", message)
        object.__setattr__(self, "value", compact)

    @property
    def masked(self) -> str:
        """`***.456.789-**`: for lists and logs."""
        return f"***.{self.value[3:6]}.{self.value[6:9]}-**"

    @property
    def formatted(self) -> str:
        """`123.456.789-09`: whole, for where a person needs it."""
        return f"{self.value[:3]}.{self.value[3:6]}.{self.value[6:9]}-{self.value[9:]}"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Cnpj(_Document):
    """A legal person's document: 12 of `[0-9A-Z]` and two check digits. `str()` gives it masked.

    Args:
        text: compact (`12ABC34501DE35`) or punctuated (`12.ABC.345/01DE-35`), any case; blanks around it are dropped.

    Raises:
        InvalidInput: wrong shape or wrong check digits.
    """

    person_type: ClassVar[PersonType] = PersonType.PJ

    def __init__(self, text: str) -> None:
        given = text.strip()
        if not (given.isascii() and _CNPJ_SHAPE(given.upper())):
            message = "CNPJ deve ter 14 posições: 12 letras ou números e 2 dígitos. Confira o documento no cadastro."
            raise _invalid("cnpj_formato", message)
        compact = _compact(given.upper(), 14)
        if not _cnpj_is_valid(compact):
            message = "CNPJ com dígitos verificadores errados. Confira o documento com o cliente."
            raise _invalid("cnpj_digitos", message)
        object.__setattr__(self, "value", compact)

    @property
    def is_alphanumeric(self) -> bool:
        """Whether letters occur (not every bureau takes them yet)."""
        return not self.value.isdigit()

    @property
    def masked(self) -> str:
        """`**.345.678/****-**`: for lists and logs."""
        return f"**.{self.value[2:5]}.{self.value[5:8]}/****-**"

    @property
    def formatted(self) -> str:
        """`12.345.678/0001-95`: whole, for where a person needs it."""
        value = self.value
        return f"{value[:2]}.{value[2:5]}.{value[5:8]}/{value[8:12]}-{value[12:]}"


Document = Cpf | Cnpj


def parse_document(text: str) -> Document:
    """Read a CPF (11 positions) or a CNPJ (14), compact or punctuated.

    Raises:
        InvalidInput: neither length, or the check digits are wrong.
    """
    positions = sum(character.isalnum() for character in text)
    if positions == 11:  # noqa: PLR2004
        return Cpf(text)
    if positions == 14:  # noqa: PLR2004
        return Cnpj(text)
    message = "Documento deve ser um CPF (11 dígitos) ou um CNPJ (14 posições). Confira o documento no cadastro."
    raise _invalid("documento_formato", message)
