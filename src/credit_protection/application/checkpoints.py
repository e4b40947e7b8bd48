"""Named points where a process may die. Nothing happens at them, unless a drill sets `hook`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PERFORM = (
    "perform.begun",
    "claim.read",
    "claim.written",
    "claim.committed",
    "call.before",
    "call.after",
    "answer.written",
    "answer.committed",
    "answer.told",
)
"""The points of one transmission, in order. Between `claim.written` and `claim.committed` stands the commit."""
APPLY = ("apply.read", "apply.locked", "apply.written", "apply.committed")
"""The points of deciding upon one invoice's settlements, in order."""
LET_GO = ("let_go.written", "let_go.committed")
"""The points of letting go of what a dead worker held, in order."""
CREATE = ("create.read", "create.written", "create.committed")
"""The points of making negativations, in order."""

hook: Callable[[str], None] | None = None
"""Called with each point's name, in the thread that is there. For drills alone."""


def reached(point: str) -> None:
    """Tell the drill, if there is one."""
    if hook is not None:
        hook(point)
