"""How many calls an integration may make, over all threads and processes."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from credit_protection.domain.integrations import Integration


class RateLimits(Protocol):
    """Gives permits, one per call. Subclass it: a member that is missing fails at construction.

    Thread-safe; the limit covers all processes that share the storage.

    A permit is acquired before a transmission is claimed, so that no lease runs while a call is throttled.
    """

    @abstractmethod
    def acquire(self, integration: Integration) -> datetime | None:
        """Acquire a permit for one call; returns None, or the instant, UTC, before which none will be given."""

    @abstractmethod
    def close(self) -> None:
        """Close connections."""


class Unlimited:
    """Every call is permitted: for tests, and where calls are counted elsewhere."""

    def acquire(self, integration: Integration) -> datetime | None:  # noqa: ARG002 - the port's signature
        """Return None: always given."""
        return None

    def close(self) -> None:
        """Nothing to close."""
