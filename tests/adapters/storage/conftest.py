from tests.postgresql import new_database, postgresql_server, postgresql_url

__all__ = ["new_database", "postgresql_server", "postgresql_url"]
