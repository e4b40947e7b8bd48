"""Where secrets are encrypted at rest."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Seals and opens secrets; keys rotate without losing what older keys sealed."""

    def seal(self, secret: str) -> str:
        """Encrypt, to text."""
        ...

    def open(self, sealed: str) -> str:
        """Decrypt. Raises `ConfigurationError` where no key fits."""
        ...
