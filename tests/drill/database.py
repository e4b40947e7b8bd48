"""The ERP's own connections to the database that it shares with the package: plain sqlite3 or psycopg 3."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[Any, ...]
Connection = Any
"""Of sqlite3 or of psycopg; the ERP uses what both have."""
_BUSY_SECONDS = 30.0


class Database:
    """One database by its URL. Statements are written with `?`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite:")
        self._kept = threading.local()

    def connect(self, *, autocommit: bool = False) -> Connection:
        """A new connection; the caller closes it."""
        if self.is_sqlite:
            path = Path(self.url.removeprefix("sqlite:///"))
            return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        return psycopg.connect(self.url, autocommit=autocommit)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the ERP's; rolled back where the block raises."""
        connection = self.connect()
        try:
            if self.is_sqlite:
                connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
        finally:
            connection.close()

    def sql(self, statement: str) -> str:
        """The statement with the driver's placeholders."""
        return statement if self.is_sqlite else statement.replace("?", "%s")

    def rows(self, statement: str, *values: object) -> list[Row]:
        """Read by a connection that this thread of this process keeps open."""
        kept = getattr(self._kept, "connection", None)
        if kept is None or kept[0] != os.getpid():
            kept = self._kept.connection = (os.getpid(), self.connect(autocommit=True))
        return list(kept[1].execute(self.sql(statement), values).fetchall())

    def read_once(self, statement: str, *values: object) -> list[Row]:
        """Read and close the connection: for a process that is about to fork."""
        with contextlib.closing(self.connect()) as connection:
            return list(connection.execute(self.sql(statement), values).fetchall())
