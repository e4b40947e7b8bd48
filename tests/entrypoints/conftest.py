"""The command line against a simulated bureau, on a fresh copy of one prepared installation."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from credit_protection import CreditProtection
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.entrypoints.cli.identity import process_user
from credit_protection.plugins.configuration import Configuration
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import ADMINISTRATOR, SECRET, Cli, StoredData


@pytest.fixture(scope="session")
def running_bureau() -> Iterator[BureauSimulator]:
    with BureauSimulator(processing_seconds=0) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
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
    protection.users.add_first(*process_user())
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
    """The home folder before any installation; the current folder is another one."""
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("CREDIT_PROTECTION_HOME", str(home))
    for name in ("DATABASE_URL", "KEY", "ROLE", "LOG_LEVEL", "LOG_FORMAT", "WORKERS"):
        monkeypatch.delenv(f"CREDIT_PROTECTION_{name}", raising=False)
    return home


@pytest.fixture
def stored(empty_home: Path, prepared: Path) -> StoredData:
    """A copy of the prepared installation."""
    shutil.copytree(prepared, empty_home)
    return StoredData(empty_home)


@pytest.fixture
def bare(empty_home: Path) -> Cli:
    """The command line before any installation."""
    return Cli(empty_home)


@pytest.fixture
def cli(stored: StoredData) -> Cli:
    """The command line on the prepared installation."""
    return Cli(stored.home)


@pytest.fixture(autouse=True)
def _restored_log() -> Iterator[None]:
    """Restore the process's log, which a command configures for a stream that is closed afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
