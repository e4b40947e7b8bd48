import sqlite3
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.column_types import Cents, Day, Flag, Instant, Json
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.money import Money
from credit_protection.testing import samples

DIALECTS: list[Any] = [make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql")]
AT = datetime(2026, 10, 5, 14, 30, tzinfo=UTC)
SAME = [
    (Instant(), "2026-10-05T14:30:00.000000+00:00", AT),
    (Instant(), "2026-10-05T11:30:00-03:00", AT),
    (Instant(), datetime(2026, 10, 5, 14, 30), AT),  # noqa: DTZ001 - a converter that forgot the zone
    (Instant(), datetime(2026, 10, 5, 11, 30, tzinfo=timezone(timedelta(hours=-3))), AT),
    (Day(), "2026-10-05", date(2026, 10, 5)),
    (Day(), date(2026, 10, 5), date(2026, 10, 5)),
    (Day(), datetime(2026, 10, 5, 0, 0), date(2026, 10, 5)),  # noqa: DTZ001 - likewise
    (Json(), '{"a": [1]}', {"a": [1]}),
    (Json(), {"a": [1]}, {"a": [1]}),
    (Cents(), 11990, Money(11990)),
    (Flag(), 1, True),
    (Flag(), False, False),
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
@pytest.mark.parametrize(("kind", "given", "expected"), SAME)
def test_a_value_reads_the_same_from_text_and_from_a_converters_object(
    dialect: Any,  # noqa: ANN401 - a dialect
    kind: Any,  # noqa: ANN401 - a column type
    given: object,
    expected: object,
) -> None:
    read = kind.result_processor(dialect, None)(given)
    assert read == expected
    assert type(read) is type(expected)
    assert kind.result_processor(dialect, None)(None) is None


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_an_instant_without_a_time_zone_is_refused(dialect: Any) -> None:  # noqa: ANN401 - a dialect
    store = Instant().bind_processor(dialect)
    assert store is not None
    with pytest.raises(ValueError, match="time zone"):
        store(datetime(2026, 10, 5))  # noqa: DTZ001 - the mistake


def test_stored_instants_sort_as_time() -> None:
    store = Instant().bind_processor(DIALECTS[0])
    assert store is not None
    instants = [
        AT,
        AT + timedelta(microseconds=1),
        AT + timedelta(seconds=1),
        AT.astimezone(timezone(timedelta(hours=9))),
    ]
    assert sorted(store(each) for each in instants) == [store(each) for each in sorted(instants)]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("cp_negativation", "observed = 'melted'"),
        ("cp_negativation", "document = '123'"),
        ("cp_negativation", "triggers = replace(triggers, 'settlement', 'whim')"),
        ("cp_integration", "settings = replace(settings, 'test', 'moon')"),
        ("cp_integration", "settings = replace(settings, 'block', 'maybe')"),
    ],
)
def test_an_unknown_stored_value_raises_a_configuration_error(tmp_path: Path, table: str, change: str) -> None:
    file = tmp_path / "store.db"
    storage = SqlStorage(f"sqlite:///{file}")
    storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        unit.negativations.add(samples.full_negativation())
        unit.commit()
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {table} SET {change}")  # noqa: S608 - from the list above
    connection.close()
    with storage.read_only() as unit, pytest.raises(ConfigurationError) as error:
        [unit.negativations.get("negativation-1"), unit.integrations.get("integration-1")]
    assert error.value.code == "dado_desconhecido"
    assert "Atualize" in error.value.message
    storage.close()


def test_an_error_shows_no_document(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    storage = SqlStorage(f"sqlite:///{file}")
    storage.migrate()
    with storage.unit() as unit:
        unit.creditors.save(samples.creditor())
        unit.commit()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE cp_creditor SET document = '12345678901234'")
    connection.close()
    with storage.read_only() as unit, pytest.raises(ConfigurationError) as error:
        unit.creditors.get("creditor-1")
    assert "12345678901234" not in error.value.message
    storage.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://root@localhost/db", "not a url"])
def test_an_unsupported_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        SqlStorage(url)


def test_sqlite_has_no_schemas(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        SqlStorage(f"sqlite:///{tmp_path / 'store.db'}", schema="protecao")
