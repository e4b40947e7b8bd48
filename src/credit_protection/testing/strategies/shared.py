"""What several strategies share: the date and instant of "now", first names, ids, and how values are printed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from hypothesis.vendor.pretty import for_type_by_name

from credit_protection.domain.documents import Document

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy
    from hypothesis.vendor.pretty import RepresentationPrinter

    Value = TypeVar("Value")

TODAY = date(2026, 9, 15)
"""The default date of all strategies: a Tuesday, no holiday."""

NOW = datetime(2026, 9, 15, 15, 0, tzinfo=UTC)
"""An instant of that day: noon in São Paulo."""

FIRST_NAMES = ("Ana", "Bento", "Célia", "Davi", "Íris", "João", "Lúcia", "Otávio", "Rui", "Zuleica")


@st.composite
def derived(
    draw: DrawFn,
    function: Callable[..., Value],
    /,
    *arguments: SearchStrategy[Any],
    **keywords: SearchStrategy[Any],
) -> Value:
    """What the function returns for drawn arguments.

    Unlike `map` and `builds`, a failing example prints the value, not a call that the reader cannot repeat.
    """
    return function(
        *[draw(argument) for argument in arguments], **{name: draw(keyword) for name, keyword in keywords.items()}
    )


def ids(prefix: str) -> SearchStrategy[str]:
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
