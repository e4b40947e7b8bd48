"""A vault without a key."""

from __future__ import annotations


class PlainVault:
    """Encrypts by reversing the text: for tests only."""

    def encrypt(self, secret: str) -> str:
        """Reverse the text."""
        return secret[::-1]

    def decrypt(self, encrypted: str) -> str:
        """Reverse it back."""
        return encrypted[::-1]
