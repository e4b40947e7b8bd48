"""The configuration: the environment first, then the file in the home folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import ConfigurationError
from credit_protection.plugins.configuration import load
from tests.plugins.plugin_fixtures import container_of, manager_with

if TYPE_CHECKING:
    from pathlib import Path


def test_configuration_needs_only_a_home(tmp_path: Path) -> None:
    configuration = load({"CREDIT_PROTECTION_HOME": str(tmp_path)})
    assert configuration.database_url == f"sqlite:///{tmp_path / 'credit_protection.sqlite'}"
    assert (configuration.key_file, configuration.local_erp) == (tmp_path / "key", tmp_path / "erp.sqlite")
    assert (configuration.keys, configuration.role_limits, configuration.workers) == ((), (), 8)
    assert (configuration.alarm_host_hours, configuration.alarm_worker_minutes) == (24, 10)
    assert (configuration.log_level, configuration.log_format) == ("WARNING", "text")
    assert (configuration.queue, configuration.queue_schema) == ("embedded", "")


def test_home_defaults_to_the_users_data_folder() -> None:
    assert load({}).home.name == "credit_protection"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "credit_protection.toml").write_text('role = "auditor"\nworkers = 3\nkey = "old"\n')
    configuration = load(
        {
            "CREDIT_PROTECTION_HOME": str(tmp_path),
            "CREDIT_PROTECTION_KEY": "new, old ,",
            "CREDIT_PROTECTION_DATABASE_URL": "postgresql://db/credit",
            "CREDIT_PROTECTION_LOG_LEVEL": "info",
            "CREDIT_PROTECTION_QUEUE": "procrastinate",
            "CREDIT_PROTECTION_QUEUE_SCHEMA": "cobranca",
        }
    )
    assert (configuration.role_limits, configuration.workers, configuration.keys) == (("auditor",), 3, ("new", "old"))
    assert (configuration.database_url, configuration.log_level) == ("postgresql://db/credit", "INFO")
    assert (configuration.queue, configuration.queue_schema) == ("procrastinate", "cobranca")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ('papel = "auditor"', "papel"),
        ("role = ", "não pôde ser lido"),
        ('workers = "muitos"', "muitos"),
        ("workers = 0", "maior que zero"),
    ],
)
def test_wrong_value_is_named(tmp_path: Path, file: str, says: str) -> None:
    (tmp_path / "credit_protection.toml").write_text(file)
    with pytest.raises(ConfigurationError, match=says):
        load({"CREDIT_PROTECTION_HOME": str(tmp_path)})


def test_home_that_can_not_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    container = container_of(manager_with(), tmp_path / "file" / "home")
    with pytest.raises(ConfigurationError, match="CREDIT_PROTECTION_HOME"):
        container.storage()
