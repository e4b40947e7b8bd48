"""Secrets at rest: Fernet with rotation (cryptography's MultiFernet)."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from credit_protection.adapters.private_files import is_open_to_others, write_new_file
from credit_protection.domain.errors import ConfigurationError


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

    Raises:
        ConfigurationError: other users can read or write the file.
    """
    if not path.exists():
        with suppress(FileExistsError):  # another process was first: its key is used
            write_new_file(path, Fernet.generate_key() + b"\n")
    with path.open() as file:
        if is_open_to_others(file.fileno()):
            raise ConfigurationError(
                f"A chave de cifragem {path} pode ser lida ou escrita por outros usuários da máquina. Tire o acesso "
                f"deles (chmod 600 {path}) e, se alguém pode tê-la lido, troque os segredos das integrações.",
                code="chave_exposta",
            )
        return [line.strip() for line in file if line.strip()]
