from tests.postgresql import new_database, postgresql_server

__all__ = ["new_database", "postgresql_server"]
