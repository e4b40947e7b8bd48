"""A database that can be copied whole and put back: a SQLite file, or a PostgreSQL database by its template."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

import psycopg


class Restorable(Protocol):
    """A database of the package's. While it is copied, nothing may be connected to it."""

    url: str

    def back_up(self) -> None:
        """Copy it whole."""

    def restore(self) -> None:
        """Replace it by the copy."""


class SqliteFile:
    """A SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._live, self._copy = folder / "credit_protection.sqlite", folder / "backup.sqlite"
        self.url = f"sqlite:///{self._live}"

    def back_up(self) -> None:
        """Copy it by SQLite's own backup, which also reads the write-ahead log."""
        self._copy.unlink(missing_ok=True)
        _copy(self._live, self._copy)

    def restore(self) -> None:
        """Put the copy in its place; a log of the newer file must not be applied to it."""
        for name in ("", "-wal", "-shm"):
            self._live.with_name(self._live.name + name).unlink(missing_ok=True)
        _copy(self._copy, self._live)


class PostgresqlDatabase:
    """A database of a PostgreSQL server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]

    def back_up(self) -> None:
        """Make a second database of it."""
        self._run(f"CREATE DATABASE {self._name}_backup TEMPLATE {self._name}")

    def restore(self) -> None:
        """Make it anew of the second one."""
        self._run(
            f"DROP DATABASE {self._name} WITH (FORCE)", f"CREATE DATABASE {self._name} TEMPLATE {self._name}_backup"
        )

    def _run(self, *statements: str) -> None:
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
