"""The command line in this process, against a simulated bureau, on a fresh copy of one prepared installation."""

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from credit_protection import CreditProtection
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.domain.actors import Actor
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.queries import CreditQuery
from credit_protection.entrypoints.cli.app import app
from credit_protection.plugins.configuration import Configuration
from credit_protection.testing.simulator import BureauSimulator

SECRET = "demo-secret"
ADMINISTRATOR = Actor.with_role("test", "Teste", "administrador")

# What a command prints as JSON is read key by key: Any is what that means.
Document = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """One command's run."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Document:
        """The one JSON document on stdout."""
        read: Document = json.loads(self.stdout)
        return read

    @property
    def error(self) -> Document:
        """What went wrong, as JSON."""
        error: Document = self.document["error"]
        return error

    @property
    def codes(self) -> list[str]:
        """Of the findings."""
        return [finding["code"] for finding in self.error["findings"]]


class Cli:
    """Runs commands."""

    def run(self, *arguments: str, expect: int = 0, answers: str | None = None) -> Ran:
        """Run a command, and check its exit code."""
        result = CliRunner().invoke(app, list(arguments), input=answers)
        assert result.exit_code == expect, f"{arguments}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return Ran(result.exit_code, result.stdout, result.stderr)

    def json(self, *arguments: str, expect: int = 0) -> Ran:
        """Run a command for a program."""
        return self.run(*arguments, "--json", expect=expect)

    def id_of(self, *arguments: str) -> str:
        """The id that a command's JSON has."""
        return str(self.json(*arguments).document["id"])

    def negativate(self, customer: str, invoice: str, nature: str, *further: str, expect: int = 0) -> Ran:
        """Ask for one negativation, for a program."""
        asked = ("--customer", customer, "--invoice", invoice, "--nature", nature, "--yes")
        return self.json("negativate", *asked, *further, expect=expect)


@dataclass(frozen=True)
class Stores:
    """What is stored, read behind the command line's back."""

    home: Path

    def _facade(self) -> CreditProtection:
        url = f"sqlite:///{self.home / 'credit_protection.sqlite'}"
        return CreditProtection("behind", Configuration(self.home, url))

    def negativations(self) -> list[Negativation]:
        """All, the newest first."""
        protection = self._facade()
        try:
            return list(protection.negativations.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def queries(self) -> list[CreditQuery]:
        """All, the newest first."""
        protection = self._facade()
        try:
            return list(protection.queries.list(ADMINISTRATOR).items)
        finally:
            protection.close()

    def count(self, table: str) -> int:
        """Rows of one of our tables."""
        with sqlite3.connect(self.home / "credit_protection.sqlite") as connection:
            ((count,),) = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name from the test
        return int(count)

    def change_erp(self, sql: str, *values: object) -> None:
        """Make the local ERP hold what a bad ERP would."""
        with sqlite3.connect(self.home / "erp.sqlite") as connection:
            connection.execute(sql, values)


@pytest.fixture(scope="session")
def running_bureau() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=0) as simulator:
        yield simulator


@pytest.fixture
def bureau(running_bureau: BureauSimulator) -> BureauSimulator:
    running_bureau.clear_faults()
    running_bureau.clear_ledger()
    running_bureau.set_options(client_secret=SECRET, balance=None, processing_seconds=0)
    running_bureau.expire_tokens()
    return running_bureau


@pytest.fixture(scope="session")
def prepared(running_bureau: BureauSimulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with the example provider and one integration, synchronised."""
    home = tmp_path_factory.mktemp("prepared")
    LocalErp(home / "erp.sqlite").import_example(today=datetime.now(UTC).astimezone().date())
    configuration = Configuration(home, f"sqlite:///{home / 'credit_protection.sqlite'}")
    protection = CreditProtection("prepared", configuration)
    (creditor,) = protection.integrations.creditors(ADMINISTRATOR)
    integration = protection.integrations.register(
        ADMINISTRATOR,
        gateway="credito_na_medida",
        description="Birô",
        creditor_id=creditor.id,
        parameters={"client_id": "demo-client", "client_secret": SECRET, "base_url": running_bureau.url},
    )
    protection.integrations.synchronise(ADMINISTRATOR, integration.id)
    protection.close()
    return home


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an installation would be, and the current folder besides."""
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", str(home))
    for name in ("DATABASE_URL", "KEY", "ROLE", "LOG_LEVEL", "LOG_FORMAT", "HOST", "WORKERS"):
        monkeypatch.delenv(f"CREDIT_PROTECTION_{name}", raising=False)
    return home


@pytest.fixture
def stores(empty_home: Path, prepared: Path, bureau: BureauSimulator) -> Stores:
    """A copy of the prepared installation, the bureau running."""
    assert bureau.url
    shutil.copytree(prepared, empty_home)
    return Stores(empty_home)


@pytest.fixture
def bare() -> Cli:
    """The command line alone."""
    return Cli()


@pytest.fixture
def cli(stores: Stores) -> Cli:
    """The command line on the prepared installation."""
    assert stores.home
    return Cli()


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """A command configures the process's log; the next test must not write to its closed stream."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
