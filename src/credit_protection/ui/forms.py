"""Form fields: of a gateway's parameters and of a product's inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.parsing import fold, parse_amount
from credit_protection.domain.products import Product
from credit_protection.ui.formats import format_value

_DECIMAL = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,40})?").fullmatch
_STATE_DAYS = re.compile(r"([A-Za-z]{2}) ?= ?([0-9]{1,3})").fullmatch
_NONE = "-"
_YES, _NO = {"true", "sim", "1"}, {"false", "nao", "não", "0"}


class FieldKind(Enum):
    """How a form field is entered, and what `FormField.parse` makes of it."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - the kind's name
    """Text that is not shown while it is typed, nor afterwards."""
    CHOICE = "choice"
    """The code of one of the choices; `FormField.parse` reads its label too."""
    BOOLEAN = "boolean"
    INTEGER = "integer"
    """Zero or more."""
    DECIMAL = "decimal"
    """Zero or more, as a `Decimal`; typed with a comma or a point."""
    MONEY = "money"
    DAYS_BY_STATE = "days_by_state"
    """Days by the state's two letters, as `SP=20, RJ=15`."""
    TEXTS = "texts"
    """Several texts with commas between them, as a tuple; `-` for none."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Args:
        name: key of the value.
        label: Portuguese.
        kind: how it is entered.
        required: must not be blank.
        help: Portuguese sentence; may be empty.
        default: the value where it is left blank.
        choices: code and label of each choice.
        advanced: hidden until the operator asks for it.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    help: str = ""
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    advanced: bool = False
    error_code: ClassVar[str] = "campo_invalido"

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.kind is FieldKind.SECRET

    def parse(self, text: str) -> object:
        """The value of a text as typed: blanks around it are dropped, and the default replaces an empty one.

        Raises:
            InvalidInput: a required value is missing, or the text is of another kind; its `field` is this one's name.
        """
        value = text.strip() or self.default
        if not value and self.required:
            raise InvalidInput(
                f"Preencha {self.label} ({self.name}). {self.help}".strip(), field=self.name, code=self.error_code
            )
        if not value and self.kind in {FieldKind.TEXT, FieldKind.SECRET, FieldKind.CHOICE}:
            return ""
        try:
            return self._convert(value)
        except ValueError as error:
            raise InvalidInput(
                f"{self.label} ({self.name}) não pode ser {value!r}: {error}.", field=self.name, code=self.error_code
            ) from None

    def text_of(self, value: object) -> str:
        """The text that `parse` reads as this value: what a form shows before it is changed."""
        match value:
            case None:
                return ""
            case Enum():
                return str(value.value)
            case float() | Decimal():
                return f"{Decimal(str(value)):f}".replace(".", ",")
            case tuple():
                return ", ".join(str(each) for each in value) or _NONE
            case Mapping():
                return ", ".join(f"{key}={each}" for key, each in value.items())
            case _:
                return format_value(value)

    def _convert(self, text: str) -> object:
        match self.kind:
            case FieldKind.CHOICE:
                return self._choice(text)
            case FieldKind.BOOLEAN:
                return parse_boolean(text)
            case FieldKind.INTEGER:
                return parse_count(text)
            case FieldKind.DECIMAL:
                return _parse_decimal(text)
            case FieldKind.MONEY:
                return parse_amount(text, field=self.name)
            case FieldKind.DAYS_BY_STATE:
                return _parse_days_by_state(text)
            case FieldKind.TEXTS:
                return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip() not in {"", _NONE}))
            case _:
                return text

    def _choice(self, text: str) -> str:
        """The code of a choice, from the code or from the label in any case and with or without accents."""
        labelled = (code for code, label in self.choices if fold(label) == fold(text))
        code = text if text in dict(self.choices) else next(labelled, None)
        if code is None:
            named = (code if code == label else f"{code} ({label})" for code, label in self.choices)
            raise ValueError(f"use um destes: {', '.join(named)}")
        return code


def parameter_fields(specs: Iterable[ParameterSpec]) -> tuple[FormField, ...]:
    """The form of a gateway's parameters, in their order."""
    return tuple(
        FormField(
            name=spec.name,
            label=spec.label,
            kind=FieldKind.SECRET if spec.secret else FieldKind.CHOICE if spec.choices else FieldKind.TEXT,
            required=spec.required and not spec.default,
            help=spec.help,
            default=spec.default,
            choices=tuple((choice, choice) for choice in spec.choices),
            advanced=spec.advanced,
        )
        for spec in specs
    )


def product_input_fields(product: Product) -> tuple[FormField, ...]:
    """The form of a query product's extra inputs, in their order."""
    return tuple(FormField(each.code, each.name, required=each.required) for each in product.inputs)


def parse_boolean(text: str) -> bool:
    """Read `sim`, `não`, `true`, `false`, `1` or `0`, in any case. Raises `ValueError`."""
    if text.casefold() not in _YES | _NO:
        raise ValueError("use sim ou não")
    return text.casefold() in _YES


def parse_count(text: str) -> int:
    """Read a whole number, zero or more. Raises `ValueError`."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError("use um número inteiro, zero ou maior")
    return int(text)


def _parse_decimal(text: str) -> Decimal:
    if not _DECIMAL(text):
        raise ValueError("use um número, zero ou maior, por exemplo 2 ou 0,5")
    return Decimal(text.replace(",", "."))


def _parse_days_by_state(text: str) -> dict[str, int]:
    found = [each for part in text.split(",") if part.strip() for each in [_STATE_DAYS(part.strip())]]
    days = {each[1].upper(): int(each[2]) for each in found if each is not None}
    if len(days) < len(found):
        raise ValueError("use siglas de estados e dias, cada estado uma só vez, por exemplo SP=20, RJ=15")
    return days
