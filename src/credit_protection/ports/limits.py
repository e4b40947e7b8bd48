"""How many calls an integration may make, over all threads and processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from credit_protection.domain.integrations import Integration


class RateLimits(Protocol):
    """Gives permits, one per call. Thread-safe; the limit holds over all processes that share the storage.

    A permit is taken before a transmission is claimed, never while a lease is held: who waits for one holds nothing.
    """

    def permit(self, integration: Integration) -> datetime | None:
        """Take a permit for one call.

        Returns:
            None where it is given: call now. Else the instant, UTC, before which there is no use in asking again.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Unlimited:
    """Every call is permitted: for tests, and where calls are counted elsewhere."""

    def permit(self, integration: Integration) -> datetime | None:  # noqa: ARG002 - the port's signature
        """Always given."""
        return None

    def close(self) -> None:
        """Nothing is held."""
