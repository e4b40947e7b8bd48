"""Failpoints: named points at which a fault drill may pause or kill the process. They do nothing otherwise."""

from collections.abc import Callable

PERFORM = (
    "perform.started",
    "claim.read",
    "claim.written",
    "claim.committed",
    "call.before",
    "call.after",
    "answer.written",
    "answer.committed",
    "answer.published",
)
"""The points of one transmission, in order; the commit lies between `claim.written` and `claim.committed`."""
APPLY = ("apply.read", "apply.locked", "apply.written", "apply.committed")
"""The points of applying settlements, in order."""
RELEASE = ("release.written", "release.committed")
"""The points of releasing an expired lease, in order."""
CREATE = ("create.read", "create.written", "create.committed")
"""The points of creating negativations, in order."""
ASK = ("ask.checked",)
"""The point between the checks of a credit query and its storing."""
DELETE = ("delete.locked",)
"""The point at which the deletion of an integration holds it."""

handler: Callable[[str], None] | None = None
"""Called with the name of each point, in the thread that reached it. Only drills set it."""


def failpoint(name: str) -> None:
    """Call the handler, where a drill has set one."""
    if handler is not None:
        handler(name)
