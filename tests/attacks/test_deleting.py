"""An integration is not deleted while something is created in it, nor the other way round."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import CreditProtectionError
from credit_protection.ports import failpoints
from tests.application.app import ANA, AppFixture
from tests.application.test_adoption import ROW, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT_WAIT = 0.3
"""Seconds: long enough for a thread that nothing holds to go on."""
CREATIONS = {
    "negativation": lambda app: app.negativate("i1"),
    "adoption": lambda app: app.adoption.adopt(ANA, app.integration_id, Rows([ROW])),
    "query": lambda app: app.query(),
}


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except CreditProtectionError as error:
        return error.code
    return "done"


def is_deleted(app: AppFixture) -> bool:
    with app.storage.read_only() as unit:
        return unit.integrations.get(app.integration_id).deleted_at is not None


def cross(
    monkeypatch: pytest.MonkeyPatch, point: str, first: Callable[[], object], second: Callable[[], object]
) -> tuple[str, str]:
    """Run the first, and at its point the second in another thread; the first waits a little for it."""
    with ThreadPoolExecutor(1) as threads:
        running: list[Future[str]] = []

        def meet(reached: str) -> None:
            if reached == point and not running:
                running.append(threads.submit(outcome, second))
                wait(running, SHORT_WAIT)

        monkeypatch.setattr(failpoints, "handler", meet)
        before = outcome(first)
        monkeypatch.setattr(failpoints, "handler", None)
        (other,) = running
        return before, other.result(30)


@pytest.mark.parametrize("point", ["create.read", "create.written"])
def test_deletion_during_a_creation(
    app_on_any_storage: AppFixture, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    app = app_on_any_storage
    created, deleted = cross(
        monkeypatch,
        point,
        lambda: app.negativate("i1"),
        lambda: app.integrations.delete(ANA, app.integration_id),
    )
    stands = bool(app.negativations.list(ANA).items)
    assert (created == "done") is stands
    assert (deleted == "done") is is_deleted(app)
    assert stands is not is_deleted(app)  # never an open negativation in a deleted integration


@pytest.mark.parametrize("what", CREATIONS)
def test_creation_during_a_deletion(app_on_any_storage: AppFixture, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    app = app_on_any_storage
    deleted, created = cross(
        monkeypatch,
        "delete.locked",
        lambda: app.integrations.delete(ANA, app.integration_id),
        lambda: CREATIONS[what](app),
    )
    assert (deleted, created) == ("done", "nao_encontrado")
    assert is_deleted(app)
    assert not app.negativations.list(ANA).items
    assert not app.queries.list(ANA).items


def test_query_is_not_sent_through_an_integration_that_is_deleted_meanwhile(
    app_on_any_storage: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_on_any_storage
    asked, deleted = cross(
        monkeypatch, "ask.checked", app.query, lambda: app.integrations.delete(ANA, app.integration_id)
    )
    assert (asked, deleted) == ("nao_encontrado", "done")
    assert "query" not in app.bureau.calls


def test_pause_is_written_while_something_is_created(
    app_on_any_storage: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a creation holds does not keep a worker from pausing, nor a person from editing."""
    app = app_on_any_storage
    created, edited = cross(
        monkeypatch,
        "create.written",
        lambda: app.negativate("i1"),
        lambda: app.integrations.edit(ANA, app.integration_id, description="Outra"),
    )
    assert (created, edited) == ("done", "done")
