"""A part of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from credit_protection.domain.errors import InvalidInput

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: `after` is the `cursor` of the previous page; None for the first.

    Raises:
        InvalidInput: the size is below 1.
    """

    size: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        """Check the size."""
        if self.size < 1:
            raise InvalidInput(
                f"A página não pode ter {self.size} linhas. Peça 1 ou mais.", field="size", code="tamanho_da_pagina"
            )


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list; `cursor` requests the next page, None after the last."""

    items: Sequence[T]
    cursor: str | None
