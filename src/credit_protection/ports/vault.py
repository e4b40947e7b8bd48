"""Where secrets are encrypted at rest."""

from typing import Protocol


class Vault(Protocol):
    """Encrypts and decrypts secrets. Keys rotate: what older keys encrypted can still be decrypted."""

    def encrypt(self, secret: str) -> str:
        """Encrypt, to text."""

    def decrypt(self, encrypted: str) -> str:
        """Decrypt. Raises `ConfigurationError` where no key fits."""
