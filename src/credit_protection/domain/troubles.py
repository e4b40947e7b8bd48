"""Parts of an environment that fail while it goes on without them: a plugin, an event hook, the rate limiter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """What kind of part fails."""

    GUARD = "guard"
    """A plugin's guard: no inclusion is sent meanwhile."""
    PLUGIN = "plugin"
    """A plugin that gives nothing usable where it is asked for gateways or guards."""
    HOOK = "hook"
    """An event hook that does not return, and is not called until it does."""
    LIMITER = "limiter"
    """The store of the rate limits."""


@dataclass(frozen=True, slots=True, order=True)
class Trouble:
    """One part that fails: its kind, its name, and a Portuguese sentence that says what to do."""

    kind: TroubleKind
    subject: str
    message: str
