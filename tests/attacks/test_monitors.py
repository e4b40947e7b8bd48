"""A monitor on the wrong installation sounds an alarm, and makes nothing there."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from credit_protection import Configuration, ConfigurationError, CreditProtection
from credit_protection.domain.alarms import AlarmCode
from credit_protection.testing import sqlite_storage
from tests.entrypoints.command_line import Cli, StoredData
from tests.postgresql import NewDatabase


def alarms(cli: Cli) -> list[tuple[str, str]]:
    found = cli.json("removals", "check", expect=1).document["alarms"]
    return [(each["code"], each["subject"]) for each in found]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_home_that_does_not_exist_is_an_alarm_and_stays_missing(bare: Cli) -> None:
    assert alarms(bare) == [("banco_ausente", "banco_ausente")]
    assert not bare.home.exists()
    assert str(bare.home) in bare.run("removals", "check", expect=1).stdout.replace("\n", "")


def test_home_without_a_database_stays_as_it_is(bare: Cli) -> None:
    bare.home.mkdir()
    (bare.home / "erp.sqlite").write_bytes(b"")
    assert alarms(bare) == [("banco_ausente", "banco_ausente")]
    assert files(bare.home) == {"erp.sqlite": b""}


def test_empty_file_is_no_database(bare: Cli) -> None:
    bare.home.mkdir()
    (bare.home / "credit_protection.sqlite").touch()
    assert alarms(bare) == [("banco_vazio", "banco_vazio")]
    assert files(bare.home) == {"credit_protection.sqlite": b""}


def test_database_of_another_program_is_not_ours_and_is_not_changed(bare: Cli) -> None:
    bare.home.mkdir()
    with sqlite3.connect(bare.home / "credit_protection.sqlite") as database:
        database.execute("CREATE TABLE notes (text TEXT)")
    database.close()
    before = files(bare.home)
    assert alarms(bare) == [("banco_vazio", "banco_vazio")]
    assert files(bare.home) == before  # not even another journal mode


def test_file_that_is_no_database_is_an_alarm(bare: Cli) -> None:
    bare.home.mkdir()
    (bare.home / "credit_protection.sqlite").write_bytes(b"no database, and long enough to be looked at" * 99)
    assert alarms(bare) == [("conferencia_falhou", "banco_inacessivel")]


@pytest.mark.parametrize("revision", ["v0002", "v9999"])
def test_tables_of_another_version_are_an_alarm_and_stay(stored: StoredData, cli: Cli, revision: str) -> None:
    with sqlite3.connect(stored.home / "credit_protection.sqlite") as database:
        database.execute("UPDATE cp_alembic_version SET version_num = ?", (revision,))
    database.close()
    assert alarms(cli) == [("conferencia_falhou", "banco_de_outra_versao")]


def test_database_without_an_integration_is_an_alarm(bare: Cli) -> None:
    bare.home.mkdir()
    sqlite_storage(bare.home / "credit_protection.sqlite").close()
    (bare.home / "key").write_text("MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=\n")
    (bare.home / "key").chmod(0o600)
    assert alarms(bare) == [("sem_integracao", "integrations")]


def test_missing_key_is_an_alarm_and_none_is_made(stored: StoredData, cli: Cli) -> None:
    (stored.home / "key").unlink()
    assert alarms(cli) == [("conferencia_falhou", "chave_ausente")]
    assert not (stored.home / "key").exists()


def test_database_of_another_erp_is_an_alarm(stored: StoredData, cli: Cli) -> None:
    with sqlite3.connect(stored.home / "credit_protection.sqlite") as database:
        database.execute("INSERT INTO cp_watermark VALUES ('host.accepted', '2026-11-20 12:00:00.000000', 'outro')")
    database.close()
    assert ("conferencia_falhou", "outro_erp") in alarms(cli)


def test_home_that_is_no_folder_is_an_alarm(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", os.devnull)
    assert alarms(bare)[0][0] == "banco_ausente"


def test_quiet_installation_has_no_alarm_and_no_new_file(stored: StoredData, cli: Cli) -> None:
    before = files(stored.home).keys()
    assert cli.json("removals", "check").document == {"alarms": []}
    assert files(stored.home).keys() == before


def test_copy_elsewhere_does_not_hide_that_the_home_is_wrong(
    stored: StoredData, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(stored.home, tmp_path / "copy")
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", str(tmp_path / "nowhere"))
    assert alarms(cli) == [("banco_ausente", "banco_ausente")]


@pytest.mark.postgresql
def test_facade_that_only_reads_makes_no_database_on_postgresql(new_database: NewDatabase, tmp_path: Path) -> None:
    configuration = Configuration(tmp_path / "home", new_database(), only_existing=True)
    protection = CreditProtection("only-existing", configuration)
    try:
        with pytest.raises(ConfigurationError) as raised:
            protection.removals.next_due_at()
    finally:
        protection.close()
    assert raised.value.code == AlarmCode.DATABASE_EMPTY
