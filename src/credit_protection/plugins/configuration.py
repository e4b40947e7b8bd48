"""The configuration of an installation: environment variables, and a file in the home folder."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from credit_protection.domain.alarms import AlarmSettings
from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "CREDIT_PROTECTION_"
_FILE = "credit_protection.toml"
_TEXTS = ("database_url", "role", "log_level", "log_format", "queue", "queue_schema")
_NUMBERS = ("workers", "alarm_host_hours", "alarm_worker_minutes")
_KNOWN = ("key", *_TEXTS, *_NUMBERS)


@dataclass(frozen=True, slots=True)
class Configuration:
    """An installation's configuration.

    Args:
        home: folder of the SQLite file, the key and the local ERP.
        database_url: SQLAlchemy URL; by default a SQLite file in `home`.
        keys: vault keys, the newest first; empty for the key file in `home`.
        role: the role of the operating system's user at the CLI.
        log_level: of the log.
        log_format: `text` or `json`.
        workers: concurrent calls of a worker process.
        queue: the engine, `embedded` (one process) or `procrastinate` (many, on PostgreSQL), where no plugin gives one.
        queue_schema: of the tables of procrastinate and of the rate limits, on PostgreSQL; empty for the default one.
        alarm_host_hours: an alarm is raised when the ERP was not read for longer.
        alarm_worker_minutes: an alarm is raised when no worker sent a heartbeat for longer.
    """

    home: Path
    database_url: str = ""
    keys: tuple[str, ...] = ()
    role: str = "administrador"
    log_level: str = "WARNING"
    log_format: str = "text"
    workers: int = 8
    queue: str = "embedded"
    queue_schema: str = ""
    alarm_host_hours: int = 24
    alarm_worker_minutes: int = 10

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.home / 'credit_protection.sqlite'}")

    @property
    def alarm_settings(self) -> AlarmSettings:
        """When alarms are raised."""
        return AlarmSettings(
            host_unread_for=timedelta(hours=self.alarm_host_hours),
            worker_unseen_for=timedelta(minutes=self.alarm_worker_minutes),
        )

    @property
    def key_file(self) -> Path:
        """The file of the vault's key, unless the environment gives one."""
        return self.home / "key"

    @property
    def local_erp(self) -> Path:
        """The local ERP's database."""
        return self.home / "erp.sqlite"


def load(environment: Mapping[str, str] | None = None) -> Configuration:
    """Read the configuration: `CREDIT_PROTECTION_*`, else `credit_protection.toml` in the home folder, else defaults.

    Raises:
        ConfigurationError: a value, or the file, is wrong.
    """
    given = os.environ if environment is None else environment
    home = Path(given.get(f"{_PREFIX}HOME") or _default_home()).expanduser()
    filed = _read(home / _FILE)
    values = {name: given.get(f"{_PREFIX}{name.upper()}") or filed.get(name, "") for name in _KNOWN}
    keys = tuple(key.strip() for key in values["key"].split(",") if key.strip())
    texts = {name: values[name] for name in _TEXTS if values[name]}
    if "log_level" in texts:
        texts["log_level"] = texts["log_level"].upper()
    numbers = {name: _number(name, values[name]) for name in _NUMBERS if values[name]}
    return Configuration(home, keys=keys, **texts, **numbers)  # type: ignore[arg-type] # the lists above name the types


def _number(name: str, text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ConfigurationError(
            f"{_PREFIX}{name.upper()} deve ser um número inteiro maior que zero, e não {text!r}.", code="configuracao"
        )
    return int(text)


def _default_home() -> str:
    import platformdirs  # noqa: PLC0415 - only where no home is given

    return platformdirs.user_data_dir("credit_protection")


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"O arquivo {path} não pôde ser lido: {error}.", code="arquivo_de_configuracao"
        ) from error
    if unknown := sorted(content.keys() - _KNOWN):
        raise ConfigurationError(
            f"O arquivo {path} tem a chave desconhecida {unknown[0]!r}. Use: {', '.join(sorted(_KNOWN))}.",
            code="arquivo_de_configuracao",
        )
    return {name: str(value) for name, value in content.items()}
