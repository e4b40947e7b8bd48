"""Secrets at rest: Fernet with rotation (cryptography's MultiFernet)."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from credit_protection.domain.errors import ConfigurationError

_OWNER_ONLY = 0o600


class FernetVault:
    """Encrypts with the first of its Fernet keys (URL-safe Base64 of 32 bytes), decrypts with any.

    Raises:
        ConfigurationError: there is no key, or one is invalid.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise ConfigurationError(
                "A chave de cifragem não é válida. Ela deve ser uma chave Fernet (44 caracteres em Base64); gere outra "
                "ou confira CREDIT_PROTECTION_KEY.",
                code="chave_invalida",
            ) from None

    def encrypt(self, secret: str) -> str:
        """Encrypt, to text."""
        return self._fernet.encrypt(secret.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Decrypt. Raises `ConfigurationError`: no key fits."""
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                "A chave de cifragem mudou e os segredos guardados não abrem. Restaure a chave anterior em "
                "CREDIT_PROTECTION_KEY (a nova primeiro, separadas por vírgula) ou preencha os segredos de novo.",
                code="chave_errada",
            ) from None


def load_or_create_keys(path: Path) -> list[str]:
    """Read the keys of a file, one per line; create it with a new key, readable by its owner only, if it is missing.

    Processes that start at the same time get the same key: the file appears whole or not at all.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its key is used
        finally:
            draft.unlink()
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]
