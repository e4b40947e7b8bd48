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
_KNOWN = frozenset(
    {
        "database_url",
        "key",
        "role",
        "log_level",
        "log_format",
        "workers",
        "queue",
        "queue_schema",
        "alarm_host_hours",
        "alarm_worker_minutes",
    }
)


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

    Args:
        environment: for tests; by default the process's.

    Raises:
        ConfigurationError: a value, or the file, is wrong.
    """
    given = os.environ if environment is None else environment
    home = Path(given.get(f"{_PREFIX}HOME") or _default_home()).expanduser()
    filed = _read(home / _FILE)
    values = {name: given.get(f"{_PREFIX}{name.upper()}", "") or filed.get(name, "") for name in _KNOWN}
    return Configuration(
        home=home,
        database_url=values["database_url"],
        keys=tuple(key.strip() for key in values["key"].split(",") if key.strip()),
        role=values["role"] or "administrador",
        log_level=(values["log_level"] or "WARNING").upper(),
        log_format=values["log_format"] or "text",
        workers=_number(values, "workers", 8),
        queue=values["queue"] or "embedded",
        queue_schema=values["queue_schema"],
        alarm_host_hours=_number(values, "alarm_host_hours", 24),
        alarm_worker_minutes=_number(values, "alarm_worker_minutes", 10),
    )


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    text = values[name] or str(default)
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
