"""The vault that anybody can open."""

from __future__ import annotations


class PlainVault:
    """Seals by turning the text round: for tests only."""

    def seal(self, secret: str) -> str:
        """Turned round."""
        return secret[::-1]

    def open(self, sealed: str) -> str:
        """Turned back."""
        return sealed[::-1]
