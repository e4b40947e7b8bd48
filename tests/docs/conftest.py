from tests.entrypoints.conftest import _restored_log

__all__ = ["_restored_log"]
