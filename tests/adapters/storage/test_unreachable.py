"""A database that can't be used is an error with one sentence, for every process that starts."""

import builtins
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.errors import ConfigurationError


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which no server listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_a_postgresql_server_that_is_down_is_a_sentence_without_the_password(closed_port: int) -> None:
    storage = SqlStorage(f"postgresql://ana:s3nha-secreta@127.0.0.1:{closed_port}/erp")
    with pytest.raises(ConfigurationError) as refused:
        storage.migrate()
    assert refused.value.code == "banco_inacessivel"
    assert f"127.0.0.1:{closed_port}" in refused.value.message
    assert "Ligue o servidor" in refused.value.message
    assert "s3nha-secreta" not in f"{refused.value!r} {refused.value.message} {refused.value.__cause__}"
    storage.close()


def test_a_folder_that_does_not_exist_is_a_sentence(tmp_path: Path) -> None:
    storage = SqlStorage(f"sqlite:///{tmp_path / 'missing' / 'store.db'}")
    with pytest.raises(ConfigurationError) as refused:
        storage.migrate()
    assert refused.value.code == "banco_inacessivel"
    assert "missing" in refused.value.message


def test_a_missing_postgresql_driver_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_import = builtins.__import__

    def import_without_psycopg(name: str, *args: Any, **kwargs: Any) -> object:  # noqa: ANN401 - as Python's
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return plain_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", import_without_psycopg)
    monkeypatch.delitem(sys.modules, "credit_protection.adapters.storage.sqlalchemy.lightweight_cursor", raising=False)
    with pytest.raises(ConfigurationError) as refused:
        SqlStorage("postgresql://ana:s3nha-secreta@127.0.0.1/erp")
    assert refused.value.code == "extra_ausente"
    assert "pip install 'credit-protection[postgresql]'" in refused.value.message
    assert "s3nha-secreta" not in refused.value.message
