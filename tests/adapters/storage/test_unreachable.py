"""A database that can't be used is an error with one sentence, for every process that starts."""

import builtins
import socket
import sqlite3
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


def refusal(url: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        SqlStorage(url).migrate()
    return refused.value


@pytest.mark.parametrize("query", ["host=127.0.0.1&port={port}", "host=127.0.0.1:{port}"])
def test_sentence_names_the_server_of_the_query(closed_port: int, query: str) -> None:
    error = refusal(f"postgresql://ana:x@/erp?{query.format(port=closed_port)}")
    assert error.code == "banco_inacessivel"
    assert f"O PostgreSQL em 127.0.0.1:{closed_port} não" in error.message


def test_sentence_names_every_server(closed_port: int) -> None:
    error = refusal(f"postgresql:///erp?host=127.0.0.1:{closed_port}&host=/nowhere")
    assert f"O PostgreSQL em 127.0.0.1:{closed_port}, /nowhere:5432 não" in error.message


def test_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database, but a text " * 100)
    error = refusal(f"sqlite:///{tmp_path / 'notes.db'}")
    assert error.code == "banco_inacessivel"
    assert "notes.db não é um banco SQLite" in error.message


@pytest.mark.parametrize("begin", ["BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"])
@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_file_that_another_program_has_locked_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, begin: str
) -> None:
    monkeypatch.setattr("credit_protection.adapters.storage.sqlalchemy.engine.BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    holder.execute(f"PRAGMA journal_mode = {mode}")
    holder.execute("CREATE TABLE another (name TEXT)")
    holder.execute(begin)
    error = refusal(f"sqlite:///{tmp_path / 'store.db'}")
    holder.close()
    assert error.code == "banco_inacessivel"
    assert "Outro programa ocupa o arquivo" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{folder}/store.db?time_out=3",
        "sqlite:///{folder}/store.db?timeout=soon",
        "sqlite:///{folder}/store.db?host=/run",
        "postgresql://ana:s3nha-secreta@127.0.0.1:{port}/erp?pass_word=s3nha-secreta",
        "postgresql://ana:s3nha-secreta@127.0.0.1:{port}/erp?connect_timeout=soon",
        "postgresql://ana:s3nha-secreta@127.0.0.1:port/erp",
        "postgresql://ana:s3nha-secreta",
    ],
)
def test_mistake_in_an_option_or_the_port_is_a_sentence(tmp_path: Path, closed_port: int, url: str) -> None:
    error = refusal(url.format(folder=tmp_path, port=closed_port))
    assert error.code == "banco_opcoes"
    assert "Corrija" in error.message
    names = [pair.partition("=")[0] for pair in url.partition("?")[2].split("&")]
    assert f"opções: {names[0] or 'nenhuma'}" in error.message
    assert "s3nha-secreta" not in f"{error!r} {error.message} {error.__cause__!r}"


def test_options_of_sqlite_itself_are_passed_on(tmp_path: Path) -> None:
    storage = SqlStorage(f"sqlite:///file:{tmp_path / 'store.db'}?mode=rwc&cache=private&uri=true")
    storage.migrate()
    storage.close()


def test_password_with_percent_and_at_signs_stays_out_of_the_sentence(closed_port: int) -> None:
    error = refusal(f"postgresql://ana:a%b@c@127.0.0.1:{closed_port}/erp")
    assert f"O PostgreSQL em 127.0.0.1:{closed_port} não" in error.message
    assert "a%b" not in f"{error!r} {error.message} {error.__cause__}"


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
