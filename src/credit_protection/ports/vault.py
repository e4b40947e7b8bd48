"""Where secrets are encrypted at rest."""

from abc import abstractmethod
from typing import Protocol


class Vault(Protocol):
    """Encrypts and decrypts secrets. Keys rotate: what older keys encrypted can still be decrypted.

    Subclass it: a member that is missing fails at construction.
    """

    @abstractmethod
    def encrypt(self, secret: str) -> str:
        """Encrypt, to text."""

    @abstractmethod
    def decrypt(self, encrypted: str) -> str:
        """Decrypt. Raises `ConfigurationError` where no key fits."""
