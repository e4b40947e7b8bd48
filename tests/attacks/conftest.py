"""Attacks on the use cases and on the command line, over the fixtures of both."""

from tests.application.conftest import app, app_on_any_storage, database, empty_app, postgresql, sqlite
from tests.entrypoints.conftest import _restored_log, bare, bureau, cli, empty_home, prepared, running_bureau, stored
from tests.postgresql import new_database, postgresql_server

__all__ = [
    "_restored_log",
    "app",
    "app_on_any_storage",
    "bare",
    "bureau",
    "cli",
    "database",
    "empty_app",
    "empty_home",
    "new_database",
    "postgresql",
    "postgresql_server",
    "prepared",
    "running_bureau",
    "sqlite",
    "stored",
]
