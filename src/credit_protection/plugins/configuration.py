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
_TEXTS = ("database_url", "log_level", "log_format", "queue", "queue_schema")
_NUMBERS = {"workers": 1000, "alarm_host_hours": 24 * 366, "alarm_worker_minutes": 60 * 24 * 31}
"""The numbers, and the most that each may be."""
_MOST_DIGITS = 9
_OTHERS = 0o077
_KNOWN = ("key", "role", *_TEXTS, *_NUMBERS)


@dataclass(frozen=True, slots=True)
class Configuration:
    """An installation's configuration.

    Args:
        home: folder of the SQLite file, the key and the local ERP.
        database_url: SQLAlchemy URL; by default a SQLite file in `home`. In a path, `%3F` is a question mark, and `%25`
            a percent sign.
        keys: vault keys, the newest first; empty for the key file in `home`.
        role_limits: roles, of the environment and of the file, that lower what the database gives the CLI's actor: only
            the permissions that each of them has too are left; none with a blank or unknown one.
        log_level: of the log.
        log_format: `text` or `json`.
        workers: concurrent calls of a worker process.
        queue: the engine, `embedded` (one process) or `procrastinate` (many, on PostgreSQL), where no plugin gives one.
        queue_schema: of the tables of procrastinate and of the rate limits, on PostgreSQL; empty for the default one.
        alarm_host_hours: an alarm is raised when the ERP was not read for longer.
        alarm_worker_minutes: an alarm is raised when no worker sent a heartbeat for longer.
        only_existing: nothing is created: no folder, key, database or table; what is missing is an error. For monitors.
    """

    home: Path
    database_url: str = ""
    keys: tuple[str, ...] = ()
    role_limits: tuple[str, ...] = ()
    log_level: str = "WARNING"
    log_format: str = "text"
    workers: int = 8
    queue: str = "embedded"
    queue_schema: str = ""
    alarm_host_hours: int = 24
    alarm_worker_minutes: int = 10
    only_existing: bool = False

    def __post_init__(self) -> None:
        if not self.database_url:
            path = str(self.home / "credit_protection.sqlite").replace("%", "%25").replace("?", "%3F")
            object.__setattr__(self, "database_url", f"sqlite:///{path}")

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
        ConfigurationError: a value, or the file, is wrong; the error names it.
    """
    given = os.environ if environment is None else environment
    home = _home(given.get(f"{_PREFIX}HOME") or _default_home())
    filed = _read(home / _FILE, is_key_used=not given.get(f"{_PREFIX}KEY"))
    values = {name: given.get(f"{_PREFIX}{name.upper()}") or filed.get(name, "") for name in _KNOWN}
    keys = tuple(key.strip() for key in values["key"].split(",") if key.strip())
    texts = {name: values[name] for name in _TEXTS if values[name]}
    named = (given.get(f"{_PREFIX}ROLE"), filed.get("role"))
    limits = tuple(role for role in named if role is not None)  # named and blank: no role
    if "log_level" in texts:
        texts["log_level"] = texts["log_level"].upper()
    numbers = {name: _number(name, values[name]) for name in _NUMBERS if values[name]}
    return Configuration(home, keys=keys, role_limits=limits, **texts, **numbers)  # type: ignore[arg-type] # the lists above name the types


def _home(text: str) -> Path:
    try:
        if "\0" not in text:
            return Path(text).expanduser()
    except RuntimeError:  # there is no such user
        pass
    raise ConfigurationError(
        f"{_PREFIX}HOME não é uma pasta que se possa usar: {text[:200]!r}. Aponte-a para uma pasta que aceite escrita.",
        code="pasta_de_dados",
    )


def _number(name: str, text: str) -> int:
    most = _NUMBERS[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and 0 < int(text) <= most):
        raise ConfigurationError(
            f"{_PREFIX}{name.upper()} deve ser um número inteiro maior que zero, de até {most}, e não {text[:40]!r}.",
            code="configuracao",
        )
    return int(text)


def _default_home() -> str:
    import platformdirs  # noqa: PLC0415 - only where no home is given

    return platformdirs.user_data_dir("credit_protection")


def _read(path: Path, *, is_key_used: bool) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
            is_open = bool(os.fstat(file.fileno()).st_mode & _OTHERS)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        # the parser's texts name a line and a column; those of the decoder quote bytes
        reason = str(error) if isinstance(error, OSError | tomllib.TOMLDecodeError) else "não é um texto TOML em UTF-8"
        raise ConfigurationError(
            f"O arquivo {path} não pôde ser lido: {reason}.", code="arquivo_de_configuracao"
        ) from error
    if unknown := sorted(content.keys() - _KNOWN):
        raise ConfigurationError(
            f"O arquivo {path} tem a chave desconhecida {unknown[0][:40]!r}. Use: {', '.join(sorted(_KNOWN))}.",
            code="arquivo_de_configuracao",
        )
    for name, value in content.items():
        kinds, described = ({int, str}, "um número inteiro") if name in _NUMBERS else ({str}, "um texto entre aspas")
        if type(value) not in kinds:
            raise ConfigurationError(f"{name}, no arquivo {path}, deve ser {described}.", code="configuracao")
    if is_open and is_key_used and content.get("key"):
        raise ConfigurationError(
            f"O arquivo {path} tem a chave de cifragem e pode ser lido ou escrito por outros usuários da máquina. Tire "
            f"o acesso deles: chmod 600 {path}",
            code="chave_exposta",
        )
    return {name: str(value) for name, value in content.items()}
