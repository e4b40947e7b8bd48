"""The system's time and randomness."""

import random
import secrets
import uuid
from datetime import UTC, datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 14


class SystemClock:
    """The operating system's time."""

    def now(self) -> datetime:
        """This instant, UTC."""
        return datetime.now(UTC)


class RandomIdentifiers:
    """Random identifiers: ids of 128 bits, references of 70 bits (the storage also refuses duplicates)."""

    def new_id(self) -> str:
        """A new id: 32 hexadecimal digits."""
        return uuid.uuid4().hex

    def new_reference(self) -> str:
        """A new contract reference of 16 characters, without the letters that people misread."""
        return "CP" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing
