"""What other strategies are made of: the date and instant of "now", ids, documents and amounts in BRL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from hypothesis.vendor.pretty import for_type_by_name

from credit_protection.domain.documents import Cnpj, Cpf, Document, PersonType
from credit_protection.domain.money import Money

if TYPE_CHECKING:
    from hypothesis.vendor.pretty import RepresentationPrinter

    Value = TypeVar("Value")

TODAY = date(2026, 9, 15)
"""The default date of all strategies: a Tuesday, no holiday."""

NOW = datetime(2026, 9, 15, 15, 0, tzinfo=UTC)
"""An instant of that day: noon in São Paulo."""

FIRST_NAMES = ("Ana", "Bento", "Célia", "Davi", "Íris", "João", "Lúcia", "Otávio", "Rui", "Zuleica")


@st.composite
def derived(
    draw: st.DrawFn,
    function: Callable[..., Value],
    /,
    *arguments: st.SearchStrategy[Any],
    **keywords: st.SearchStrategy[Any],
) -> Value:
    """What the function returns for drawn arguments.

    Unlike `map` and `builds`, a failing example prints the value, not a call that the reader cannot repeat.
    """
    return function(
        *[draw(argument) for argument in arguments], **{name: draw(keyword) for name, keyword in keywords.items()}
    )


def ids(prefix: str) -> st.SearchStrategy[str]:
    """The prefix and a number."""
    return derived(f"{prefix}{{}}".format, st.integers(1, 9_999))


def _print_document(document: Document, printer: RepresentationPrinter, _cycle: bool) -> None:
    printer.text(f"{type(document).__name__}({document.value!r})")


def _print_member(member: Enum, printer: RepresentationPrinter, _cycle: bool) -> None:
    printer.text(f"{type(member).__name__}.{member.name}")


# A failing example prints whole (made-up) documents and enum members, so that it can go into `@example(...)`.
for_type_by_name("credit_protection.domain.documents", "Cpf", _print_document)
for_type_by_name("credit_protection.domain.documents", "Cnpj", _print_document)
for_type_by_name("enum", "StrEnum", _print_member)


_CENT, _MOST = Money(1), Money(100_000_00)
_DIGITS = "0123456789"
_POSITIONS = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def cpf() -> st.SearchStrategy[Cpf]:
    """A CPF with right check digits; never eleven times the same digit."""
    return derived(lambda base: Cpf(base + _check_digits(base, 11)), _numbers(_DIGITS, 9))


def cnpj() -> st.SearchStrategy[Cnpj]:
    """A CNPJ of digits alone, with right check digits."""
    return derived(_cnpj, _numbers(_DIGITS, 12))


def alphanumeric_cnpj() -> st.SearchStrategy[Cnpj]:
    """A CNPJ with at least one letter, as issued since July 2026."""
    return derived(
        lambda base, position, letter: _cnpj(base[:position] + letter + base[position + 1 :]),
        _numbers(_POSITIONS, 12),
        st.integers(0, 11),
        st.sampled_from(_POSITIONS[10:]),
    )


def documents(person_type: PersonType | None = None) -> st.SearchStrategy[Document]:
    """A CPF (`PersonType.PF`), or a CNPJ with or without letters (`PersonType.PJ`); None for either."""
    if person_type is PersonType.PF:
        return cpf()
    legal = cnpj() | alphanumeric_cnpj()
    return legal if person_type is PersonType.PJ else cpf() | legal


def money(minimum: Money = _CENT, maximum: Money = _MOST) -> st.SearchStrategy[Money]:
    """An amount in BRL between `minimum` (one cent by default) and `maximum` (R$ 100.000,00 by default)."""
    return st.integers(minimum.cents, maximum.cents).map(Money)


def _numbers(alphabet: str, length: int) -> st.SearchStrategy[str]:
    """The positions before the check digits, never all alike: no such document exists."""

    def positions_of(number: int) -> str:
        positions = ""
        for _ in range(length):
            number, digit = divmod(number, len(alphabet))
            positions = alphabet[digit] + positions
        return positions if len(set(positions)) > 1 else positions[:-1] + ("1" if positions[-1] != "1" else "2")

    return derived(positions_of, st.integers(0, len(alphabet) ** length - 1))


def _cnpj(base: str) -> Cnpj:
    return Cnpj(base + _check_digits(base, 9))


def _check_digits(base: str, highest: int) -> str:
    """Two check digits, module 11: from the right, weights rise from 2 to `highest`, and again."""
    digits = ""
    for _ in range(2):
        weights = cycle(range(2, highest + 1))
        checksum = sum((ord(position) - 48) * weight for position, weight in zip(reversed(base + digits), weights))  # noqa: B905 - weights are endless
        digits += str(-checksum % 11 % 10)
    return digits
