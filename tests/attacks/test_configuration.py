"""A configuration value that can't be used is told with its name, never with its secret or as an internal error."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from credit_protection.domain.errors import ConfigurationError
from credit_protection.entrypoints.cli.app import app
from credit_protection.plugins.configuration import load
from tests.entrypoints.command_line import Cli

WRONG: dict[str, tuple[bytes, str]] = {
    "negative": (b"workers = -1", "WORKERS"),
    "zero": (b"workers = 0", "WORKERS"),
    "far too many": (b"workers = 1000000000", "WORKERS"),
    "hours beyond time": (b"alarm_host_hours = 1000000000000", "ALARM_HOST_HOURS"),
    "minutes beyond time": (b"alarm_worker_minutes = 99999999999", "ALARM_WORKER_MINUTES"),
    "a number beyond all": (b"workers = " + b"9" * 4000, "WORKERS"),
    "infinite": (b"alarm_host_hours = inf", "alarm_host_hours"),
    "a fraction": (b"alarm_host_hours = 1.5", "alarm_host_hours"),
    "a boolean": (b"workers = true", "workers"),
    "a list": (b'role = ["administrador"]', "role"),
    "a table": (b"[key]\na = 1", "key"),
    "a number for a text": (b"key = 123", "key"),
    "a day": (b"log_level = 2026-01-01", "log_level"),
    "a log level": (b'log_level = "x"', "LOG_LEVEL"),
    "a log format": (b'log_format = "x"', "LOG_FORMAT"),
    "an unknown name": (b'senha = "SEGREDO-CANARIO"', "senha"),
    "an open text": (b'key = "SEGREDO-CANARIO', "credit_protection.toml"),
    "no UTF-8": (b"\xff\xfe\x00", "credit_protection.toml"),
    "deep": (b"key = " + b"[" * 100_000, "credit_protection.toml"),
    "another database": (b'database_url = "mysql://u:SEGREDO-CANARIO@h/d"', "banco"),
    "a broken database": (b'database_url = "postgresql://u:SEGREDO-CANARIO@[h/d"', "banco"),
    "a wrong port": (b'database_url = "postgresql://u:SEGREDO-CANARIO@h:x/d"', "banco"),
    "a database that is down": (b'database_url = "postgresql://u:SEGREDO-CANARIO@127.0.0.1:1/d"', "127.0.0.1"),
    "a database in memory": (b'database_url = "sqlite://"', "sqlite:///"),
    "a database in /proc": (b'database_url = "sqlite:////proc/x.sqlite"', "/proc/x.sqlite"),
    "a database that is a folder": (b'database_url = "sqlite:////proc"', "/proc"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_wrong_value_is_one_sentence_with_its_name(bare: Cli, name: str) -> None:
    content, says = WRONG[name]
    bare.home.mkdir(mode=0o700)
    path = bare.home / "credit_protection.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    result = CliRunner().invoke(app, ["integration", "list"])
    assert result.exit_code == 2, result.stderr
    assert says in result.stderr
    assert "CANARIO" not in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("queue", ["x", "procrastinate"])
def test_queue_that_can_not_be_used_is_named(bare: Cli, monkeypatch: pytest.MonkeyPatch, queue: str) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_QUEUE", queue)
    result = CliRunner().invoke(app, ["worker"])
    assert result.exit_code == 2, result.stderr
    assert "QUEUE" in result.stderr
    del bare


@pytest.mark.parametrize("home", ["~nobody-has-this-name/x", "a\0b"])
def test_home_that_is_no_path_is_named(home: str) -> None:
    with pytest.raises(ConfigurationError, match="CREDIT_PROTECTION_HOME"):
        load({"CREDIT_PROTECTION_HOME": home})


def test_home_with_a_name_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load({"CREDIT_PROTECTION_HOME": str(tmp_path / ("x" * 5000))})


@pytest.mark.parametrize("key", ["SEGREDO-CANARIO", "=" * 44, "á" * 44, "a,b"])
def test_key_that_is_none_is_told_without_it(cli: Cli, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_KEY", key)
    refused = cli.json("integration", "test", expect=2)
    assert refused.error["code"] == "chave_invalida"
    assert key not in refused.stdout
