"""The storage contract's part about the comparison catches wrong storages: each is ours with one change."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.adapters.storage.sqlalchemy.repositories import divergences, readings, settlements
from credit_protection.adapters.storage.sqlalchemy.repositories.divergences import SqlDivergences, SqlTurns
from credit_protection.adapters.storage.sqlalchemy.repositories.readings import SqlReadings, SqlRechecks
from credit_protection.adapters.storage.sqlalchemy.repositories.settlements import SqlSettlements
from credit_protection.domain.errors import CreditProtectionError
from credit_protection.ports.storage import OpenInvoices
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.comparison import ComparisonContract
from credit_protection.testing.contracts.storage.units import committed
from credit_protection.testing.tenants import sqlite_storage

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = sorted(name for name, _ in inspect.getmembers(ComparisonContract, inspect.isfunction) if name[:5] == "test_")


def failures() -> set[str]:
    """The names of the part's tests that our storage fails, each with a new one."""
    failed = set()
    for name in TESTS:
        storage = sqlite_storage()
        with committed(storage) as unit:
            unit.creditors.save(samples.creditor())
            unit.integrations.add(samples.integration())
        test = getattr(ComparisonContract, name)
        try:
            test(ComparisonContract(), **dict.fromkeys(list(inspect.signature(test).parameters)[1:], storage))
        except (AssertionError, LookupError, TypeError, CreditProtectionError, pytest.fail.Exception):
            failed.add(name.removeprefix("test_"))
        finally:
            storage.close()
    return failed


def test_correct_storage_passes() -> None:
    assert failures() == set()


@dataclass(frozen=True)
class WrongStorage:
    """A change of one method, and the test that must fail."""

    owner: type
    method: str
    change: Callable[[Any], Callable[..., Any]]
    caught_by: str

    def __str__(self) -> str:
        return f"{self.method}-{self.caught_by}"


WRONG = [
    WrongStorage(
        SqlReadings,
        "open_invoices",
        lambda real: lambda self, host, _, page: real(self, host, samples.NOW + samples.MINUTE, page),
        "a_stored_content_counts_only_until_it_must",
    ),
    WrongStorage(
        SqlReadings,
        "open_invoices",
        lambda real: lambda self, host, as_of, page: OpenInvoices(real(self, host, as_of, page).contents, None),
        "open_invoices_are_given_page_by_page",
    ),
    WrongStorage(
        SqlReadings,
        "get",
        lambda real: lambda self, _, invoice_ids: real(self, "local", invoice_ids),
        "each_host_has_its_own_readings",
    ),
    WrongStorage(
        SqlReadings,
        "save",
        lambda real: (
            lambda self, host, some: [
                real(self, host, [each])
                for each in some
                if each.reading.invoice_id not in self.get(host, ["invoice-1"])
            ]
        ),
        "a_newer_reading_replaces",
    ),
    WrongStorage(
        SqlSettlements,
        "newest_applied",
        lambda real: lambda self, host, invoice_ids, _: real(self, host, invoice_ids, samples.NOW),
        "the_newest_application",
    ),
    WrongStorage(
        SqlRechecks,
        "due",
        lambda real: (
            lambda self, _, now, limit: [*real(self, "hubsoft", now, limit), *real(self, "local", now, limit)][:limit]
        ),
        "due_rechecks_are_given_earliest_first",
    ),
    WrongStorage(
        SqlRechecks,
        "add",
        lambda real: lambda self, some: real(self, [replace(each, seen_at=each.recorded_at) for each in some]),
        "a_recheck_is_stamped_once",
    ),
    WrongStorage(
        SqlRechecks,
        "save_all",
        lambda real: lambda self, some: real(self, [replace(each, attempts=0) for each in some]),
        "an_attempt_and_an_answer_are_stored",
    ),
    WrongStorage(
        SqlRechecks,
        "purge",
        lambda real: lambda self, before: real(self, before + samples.MINUTE),
        "rechecks_that_are_done_are_deleted",
    ),
    WrongStorage(
        SqlDivergences,
        "save_all",
        lambda real: lambda self, some: [real(self, [replace(each, subject=each.id)]) for each in some],
        "one_is_open_at_a_time",
    ),
    WrongStorage(
        SqlDivergences,
        "save_all",
        lambda real: lambda self, some: [real(self, [each]) for each in some],
        "one_is_closed_and_its_successor_opened",
    ),
    WrongStorage(
        SqlDivergences,
        "list",
        lambda real: lambda self, wanted, page: real(self, replace(wanted, creditor_ids=None), page),
        "divergences_are_filtered",
    ),
    WrongStorage(
        SqlDivergences,
        "list",
        lambda real: lambda self, wanted, page: replace(real(self, wanted, page), cursor=None),
        "divergences_are_listed_newest_first",
    ),
    WrongStorage(
        SqlDivergences,
        "counts",
        lambda real: lambda self: [replace(each, decide_by=None) for each in real(self)],
        "what_awaits_a_person_is_counted",
    ),
    WrongStorage(
        SqlDivergences, "close_of_closed", lambda _: lambda *_: 0, "divergences_close_with_their_negativation"
    ),
    WrongStorage(
        SqlTurns,
        "count",
        lambda real: lambda self, integration_id, _: real(self, integration_id, samples.NOW),
        "turns_of_an_integration_are_counted",
    ),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_wrong_storage_fails_the_contract(wrong: WrongStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong.owner, wrong.method, wrong.change(getattr(wrong.owner, wrong.method)))
    assert any(name.startswith(wrong.caught_by) for name in failures())


def test_wrong_storages_are_of_every_repository() -> None:
    modules = {readings, divergences, settlements}
    assert {wrong.owner.__module__ for wrong in WRONG} == {module.__name__ for module in modules}
