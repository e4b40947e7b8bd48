"""What must be seen at rest of one negativation after something happened to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credit_protection.domain.divergences import DivergenceCode
    from tests.agreement_drill.world import Case, World

REMOVED = "removed"
"""Nothing is on file, the negativation is closed, no divergence is open."""
KEPT = "kept"
"""One record is on file, it is wanted, no divergence is open."""


@dataclass(frozen=True)
class Expected:
    """The end of a change.

    Args:
        ends: `REMOVED`, `KEPT`, or the code of the one divergence that is then open; any of these.
        passing: codes that may have been open meanwhile.
        turns_by_reading: whether a removal comes from readings alone, so that the brake counts it.
    """

    ends: frozenset[str]
    passing: frozenset[str] = frozenset()
    turns_by_reading: bool = False


Change = Callable[["World", "Case"], Expected]
"""A kind of change: it happens to a case."""


def ends(
    *allowed: str | DivergenceCode, passing: tuple[DivergenceCode, ...] = (), turns_by_reading: bool = False
) -> Expected:
    """Short for `Expected`."""
    return Expected(frozenset(map(str, allowed)), frozenset(map(str, passing)), turns_by_reading)
