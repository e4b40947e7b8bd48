"""What several strategies share: the day and the instant that they take for now, first names and ids."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


TODAY = date(2026, 9, 15)
"""The day that the strategies take for today unless told otherwise: a Tuesday, no holiday."""

NOW = datetime(2026, 9, 15, 15, 0, tzinfo=UTC)
"""An instant of that day: noon in São Paulo."""

FIRST_NAMES = ("Ana", "Bento", "Célia", "Davi", "Íris", "João", "Lúcia", "Otávio", "Rui", "Zuleica")


def ids(prefix: str) -> SearchStrategy[str]:
    """The prefix and a number."""
    return st.integers(1, 9_999).map(lambda number: f"{prefix}{number}")
