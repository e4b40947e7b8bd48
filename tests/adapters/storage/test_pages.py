"""Cursors come from outside, in a web address: whatever they are, a list is read or refused with a sentence."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.storage import (
    AuditFilter,
    NegativationFilter,
    Page,
    PageRequest,
    QueryFilter,
    Storage,
    UnitOfWork,
)
from credit_protection.testing import samples
from credit_protection.testing.tenants import sqlite_storage
from tests.postgresql import NewDatabase

LISTS: dict[str, Callable[[UnitOfWork, PageRequest], Page[Any]]] = {
    "negativations": lambda unit, page: unit.negativations.list(NegativationFilter(), page),
    "removal queue": lambda unit, page: unit.negativations.list(NegativationFilter(in_removal_queue=True), page),
    "queries": lambda unit, page: unit.queries.list(QueryFilter(), page),
    "audit": lambda unit, page: unit.audit.list(AuditFilter(), page),
    "open invoices": lambda unit, page: unit.negativations.open_invoice_ids("local", page),
}
AT = "2026-10-05T14:30:00+00:00"


def cursor_of(parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


REFUSED_BY_ALL = [
    "",
    "não é um cursor",
    "====",
    "\ud800",
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    *map(cursor_of, (None, {}, 1, "x", [], ["x", "y"], [1], [1, 2], [AT, 1], [AT, "1", "2"], ["\ud800"], ["\0"])),
    *map(cursor_of, ([AT, "\0"], [AT, "\ud800"], ["2026-10-05", "\0"], ["2026-10-05", "\ud800"])),
    cursor_of(["2026-10-05T14:30:00", "1"]),  # no time zone
    cursor_of(["0001-01-01T00:00:00+14:00", "1"]),
    cursor_of(["9999-12-31T23:59:59-14:00", "1"]),
]
REFUSED_BY_AUDIT = [cursor_of([AT, number]) for number in ("x", "1e5", "-1", " 1_0", "１", "9" * 19, "9" * 5000)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], scope="module")
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    if request.param == "sqlite":
        storage = sqlite_storage(tmp_path_factory.mktemp("pages") / Path("store.db"))
    else:
        new_database: NewDatabase = request.getfixturevalue("new_database")
        storage = SqlStorage(new_database())
        storage.migrate()
    with storage.unit() as unit:
        unit.integrations.add(samples.integration())
        for number in range(3):
            at = samples.NOW + timedelta(minutes=number)
            leaving = samples.wants_removal(samples.negativation(f"n-{number}", [f"invoice-{number}"]))
            unit.negativations.add(leaving)
            unit.queries.add(samples.query(f"q-{number}", product_code=f"{number}", asked_at=at))
            unit.audit.add(samples.audit_entry(f"subject-{number}", at))
        unit.commit()
    yield storage
    storage.close()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_walked_page_by_page(storage: Storage, name: str) -> None:
    with storage.read_only() as unit:
        first = LISTS[name](unit, PageRequest(2))
        rest = LISTS[name](unit, PageRequest(2, first.cursor))
        assert [*first.items, *rest.items] == list(LISTS[name](unit, PageRequest(3)).items)
        assert (len(first.items), len(rest.items), rest.cursor) == (2, 1, None)


@pytest.mark.parametrize("name", LISTS)
def test_cursor_that_no_list_gave_is_refused(storage: Storage, name: str) -> None:
    for cursor in [*REFUSED_BY_ALL, *(REFUSED_BY_AUDIT if name == "audit" else ())]:
        with storage.read_only() as unit, pytest.raises(InvalidInput, match="Volte ao início da lista") as refused:
            LISTS[name](unit, PageRequest(2, cursor))
        assert refused.value.field == "page"


parts = st.text() | st.datetimes().map(str) | st.dates().map(str) | st.integers().map(str) | st.integers() | st.none()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text() | st.lists(parts, max_size=3).map(cursor_of))
def test_any_cursor_reads_a_list_or_is_refused(storage: Storage, cursor: str) -> None:
    for read in LISTS.values():
        with storage.read_only() as unit, contextlib.suppress(InvalidInput):
            read(unit, PageRequest(2, cursor))


@pytest.mark.parametrize("size", [0, -1, -(10**30)])
def test_page_without_rows_is_refused(size: int) -> None:
    with pytest.raises(InvalidInput, match="Peça 1 ou mais") as refused:
        PageRequest(size)
    assert refused.value.field == "size"
