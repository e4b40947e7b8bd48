"""The cases run on the same tenant as the use cases."""

from tests.application.conftest import app, database, empty_app, sqlite

__all__ = ["app", "database", "empty_app", "sqlite"]
