"""Files that only their owner reads, whatever the umask, and answers that a full disk does not lose."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.private_files import private_file, private_folder, write_new_file
from credit_protection.adapters.storage.sqlalchemy.repositories.queries import SqlQueries
from credit_protection.adapters.vault import load_or_create_keys
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.queries import CreditQuery, CreditReport, QueryStatus
from credit_protection.plugins.configuration import load
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o022, 0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    former = os.umask(request.param)
    yield request.param
    os.umask(former)


@pytest.mark.usefixtures("umask")
def test_home_and_every_file_are_the_owners_only(bare: Cli) -> None:
    bare.run("invoices", "import")
    bare.run("integration", "list")
    readers = [sqlite3.connect(bare.home / name) for name in ("credit_protection.sqlite", "erp.sqlite")]
    for reader in readers:  # with a reader the log of each database stays
        reader.execute("SELECT count(*) FROM sqlite_master").fetchall()
    bare.run("invoices", "import", "--yes")
    assert mode(bare.home) == 0o700
    names = {path.name for path in bare.home.iterdir()}
    assert {"credit_protection.sqlite", "erp.sqlite"} <= names
    assert {path.name: oct(mode(path)) for path in bare.home.iterdir() if mode(path) != 0o600} == {}
    for reader in readers:
        reader.close()


def test_files_of_an_open_installation_are_closed_when_they_are_used(bare: Cli) -> None:
    bare.run("invoices", "import")
    bare.home.chmod(0o755)
    for path in bare.home.glob("*.sqlite*"):
        path.chmod(0o644)
    bare.run("integration", "list")
    bare.run("invoices", "overdue")
    assert {oct(mode(path)) for path in bare.home.iterdir()} == {"0o600"}
    assert mode(bare.home) == 0o700


def test_folder_of_others_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    (shared / "letter.txt").touch()
    private_folder(shared)
    assert mode(shared) == 0o755
    private_file(shared / "data.sqlite")
    assert mode(shared / "data.sqlite") == 0o600


def test_folder_that_is_named_as_a_file_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "usr"
    folder.mkdir()
    folder.chmod(0o755)
    private_file(folder)  # a database_url that names a folder: the refusal comes from who opens it
    assert mode(folder) == 0o755


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o666, 0o620])
def test_key_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "key"
    assert len(load_or_create_keys(path)) == 1
    assert mode(path) == 0o600
    path.chmod(bits)
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        load_or_create_keys(path)
    assert refused.value.code == "chave_exposta"


def test_key_in_a_file_that_others_can_read_is_refused_where_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "credit_protection.toml"
    path.write_text('key = "SEGREDO-CANARIO"\n')
    path.chmod(0o644)
    home = {"CREDIT_PROTECTION_HOME": str(tmp_path)}
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        load(home)
    assert "CANARIO" not in refused.value.message
    assert load({**home, "CREDIT_PROTECTION_KEY": "other"}).keys == ("other",)
    path.chmod(0o600)
    assert load(home).keys == ("SEGREDO-CANARIO",)


def test_exposed_key_ends_a_command_with_a_sentence(cli: Cli) -> None:
    (cli.home / "key").chmod(0o644)
    assert cli.json("integration", "test", expect=2).error["code"] == "chave_exposta"


@pytest.mark.usefixtures("umask")
def test_exported_answer_is_the_owners_only_and_no_draft_stays(cli: Cli) -> None:
    cli.run("query", "--customer", "9001", "-p", "ESSENCIAL", "--output", "answer.pdf")
    assert mode(Path("answer.pdf")) == 0o600
    assert [path.name for path in Path().iterdir()] == ["answer.pdf"]


@pytest.mark.parametrize("points_at", ["victim", "nowhere"])
def test_file_is_never_written_through_a_link(tmp_path: Path, points_at: str) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "out").symlink_to(tmp_path / points_at)
    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "out", b"theirs")
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "victim"]


def test_file_system_without_links_gets_its_file_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    write_new_file(tmp_path / "out", b"x")
    assert (tmp_path / "out").read_bytes() == b"x"
    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "out", b"y")


def test_file_that_can_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_new_file(tmp_path / "out", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["what?x", "a#b", "100%25", "100%", "a b", "ç", "$(id)", "a;b&c=d", "50%3Foff"])
def test_home_with_any_name_works(tmp_path: Path, bare: Cli, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / name
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", str(home))
    bare.run("invoices", "import")
    bare.run("integration", "list")
    assert {path.name for path in home.iterdir()} >= {"credit_protection.sqlite", "erp.sqlite"}
    assert {path.name for path in tmp_path.iterdir()} == {name, "here"}


def _fail_to_store(monkeypatch: pytest.MonkeyPatch, *, always: bool = False) -> None:
    """A disk without room for a report; or for nothing at all."""
    save = SqlQueries.save

    def full(self: SqlQueries, query: CreditQuery, report: CreditReport | None = None) -> None:
        if report is not None or always:
            raise sqlite3.OperationalError("database or disk is full")
        save(self, query, report)

    monkeypatch.setattr(SqlQueries, "save", full)


@pytest.mark.parametrize("always", [False, True])
def test_paid_answer_goes_to_its_file_where_the_disk_is_full(
    cli: Cli, stored: StoredData, monkeypatch: pytest.MonkeyPatch, *, always: bool
) -> None:
    with monkeypatch.context() as patched:
        _fail_to_store(patched, always=always)
        result = cli.json("query", "--customer", "9001", "-p", "ESSENCIAL", "--output", "answer.pdf", expect=3)
    (query,) = stored.queries()
    assert (result.error["code"], result.error["query_id"]) == ("resposta_nao_guardada", query.id)
    assert "cobrada" in result.error["message"]
    assert "answer.pdf" in result.stderr
    assert Path("answer.pdf").read_bytes().startswith(b"%PDF-")
    assert query.status is (QueryStatus.SENT if always else QueryStatus.UNKNOWN)


def test_paid_answer_that_goes_nowhere_is_named(cli: Cli, stored: StoredData, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        _fail_to_store(patched)
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "disco cheio")))
        result = cli.run("query", "--customer", "9001", "-p", "ESSENCIAL", "--output", "answer.pdf", expect=3)
    (query,) = stored.queries()
    assert query.id in result.stderr
    assert "não pôde ser gravada" in result.stderr
    assert list(Path().iterdir()) == []


def test_refusal_is_told_where_it_can_not_be_stored(
    cli: Cli, bureau: BureauSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.set_options(balance="0.00")
    _fail_to_store(monkeypatch, always=True)
    assert cli.json("query", "--customer", "9001", "-p", "ESSENCIAL", expect=4).error["code"] == "sem_credito"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_query_that_is_interrupted_counts_as_possibly_paid(
    cli: Cli, stored: StoredData, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def interrupted(*_: object) -> CreditReport:
        raise error

    monkeypatch.setattr(CreditoNaMedidaGateway, "query", interrupted)
    code = 130 if error is KeyboardInterrupt else 3
    result = cli.run("query", "--customer", "9001", "-p", "ESSENCIAL", expect=code)
    assert "cobrada" in result.stderr
    (query,) = stored.queries()
    assert query.status is QueryStatus.UNKNOWN
