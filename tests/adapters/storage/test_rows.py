import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.adapters.storage.sqlalchemy.column_types import Cents, Day, Flag, Instant, Json
from credit_protection.adapters.storage.sqlalchemy.mappers.integrations import integration_of, integration_row
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.guards import GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
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


SETTINGS = IntegrationSettings(
    environment=Environment.TEST,
    removal_policy=RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED, Money(150), 3),
    guards=GuardSettings(2, 4, 20, Decimal(2), Decimal("1.5"), True, 15, {"SP": 30}, TelecomGuard.BLOCK),  # noqa: FBT003
    reuse=ReuseWindow(7, ReuseMode.BLOCK),
    grouped=True,
    rate_per_second=4.5,
    owns_transmission=False,
)
"""No value is a default."""


def paths(tree: dict[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """The path of every setting of a JSON tree."""
    for name, value in tree.items():
        yield (*above, name)
        if isinstance(value, dict) and name != "notice_days_by_state":
            yield from paths(value, *above, name)


@pytest.mark.parametrize("path", list(paths(integration_row(samples.integration())["settings"])), ids=".".join)
def test_setting_that_an_older_row_lacks_has_its_default(path: tuple[str, ...]) -> None:
    """A setting that a version adds is missing in the rows of the versions before it."""
    row = integration_row(replace(samples.integration(), settings=SETTINGS))
    assert integration_of(SimpleNamespace(**row)).settings == SETTINGS
    tree = row["settings"]
    for name in path[:-1]:
        tree = tree[name]
    del tree[path[-1]]
    read: Any = integration_of(SimpleNamespace(**row)).settings
    expected, default = SETTINGS, IntegrationSettings()
    names = [{"tolerance_cents": "tolerance"}.get(name, name) for name in path]
    assert read == replaced(expected, default, names)


def replaced(value: Any, default: Any, names: list[str]) -> Any:  # noqa: ANN401 - settings, or a part of them
    """The value with the default in the place of one field."""
    name, *rest = names
    own, other = getattr(value, name), getattr(default, name)
    return replace(value, **{name: replaced(own, other, rest) if rest else other})


def test_setting_of_a_later_version_is_ignored() -> None:
    row = integration_row(replace(samples.integration(), settings=SETTINGS))
    row["settings"]["colour"] = row["settings"]["guards"]["colour"] = "blue"
    assert integration_of(SimpleNamespace(**row)).settings == SETTINGS


@dataclass(frozen=True)
class Pair:
    first: str
    second: tuple[int, ...]


@pytest.mark.parametrize(
    ("without", "copied"),
    [((), {"first": "a", "second": (1,)}), (("second",), {"first": "a"}), (("first", "second"), {})],
)
def test_plain_fields_are_copied_as_they_are(without: tuple[str, ...], copied: dict[str, object]) -> None:
    assert PlainFields(Pair, without=without).of(Pair("a", (1,))) == copied
    assert PlainFields(Pair, without=without).of_tree({"first": "a", "second": (1,), "third": 0}) == copied


def test_plain_fields_without_an_unknown_field_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="Pair has no field third"):
        PlainFields(Pair, without=("third",))


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
