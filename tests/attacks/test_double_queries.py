"""A double click, two windows, two processes: equal queries at once are paid once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import CreditProtectionError, OutcomeUnknown, RuleViolation
from credit_protection.domain.findings import Severity
from credit_protection.domain.integrations import IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.queries import LOST_AFTER, QueryStatus
from credit_protection.ports import failpoints
from tests.application.app import ANA, CNPJ_WITH_LETTERS, CPF, AppFixture

if TYPE_CHECKING:
    from collections.abc import Callable

RUNNING = "consulta_em_andamento"
CLICKS = 4


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except CreditProtectionError as error:
        return error.code
    return "paid"


def set_window(app: AppFixture, mode: ReuseMode, days: int = 30) -> None:
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(reuse=ReuseWindow(days, mode)))


def start_together(monkeypatch: pytest.MonkeyPatch, point: str, parties: int) -> None:
    barrier = threading.Barrier(parties, timeout=30)

    def wait(reached: str) -> None:
        if reached == point:
            barrier.wait()

    monkeypatch.setattr(failpoints, "handler", wait)


@pytest.mark.parametrize("mode", list(ReuseMode))
def test_clicks_at_once_are_paid_once(
    app_on_any_storage: AppFixture, monkeypatch: pytest.MonkeyPatch, mode: ReuseMode
) -> None:
    app = app_on_any_storage
    set_window(app, mode)
    start_together(monkeypatch, "ask.checked", CLICKS)
    is_asked = threading.Event()
    others = threading.Semaphore(0)

    def hold_the_answer(operation: str) -> None:
        if operation == "query":
            is_asked.set()
            for _ in range(CLICKS - 1):  # the bureau answers once all the others have been refused
                assert others.acquire(timeout=30)

    app.bureau.before = hold_the_answer

    def click(_: int) -> str:
        found = outcome(app.query)
        others.release()
        return found

    with ThreadPoolExecutor(CLICKS) as threads:
        found = sorted(threads.map(click, range(CLICKS)))
    assert found == [*[RUNNING] * (CLICKS - 1), "paid"]
    assert app.bureau.calls.count("query") == 1
    assert [each.status for each in app.queries.list(ANA).items] == [QueryStatus.ANSWERED]


def test_two_processes_pay_once(app_on_any_storage: AppFixture) -> None:
    """The second has its own facade, and looked before the first one's query was stored."""
    app = app_on_any_storage
    other = AppFixture(app.storage, app.bureau, identifiers=app.identifiers)
    other.integration_id = app.integration_id
    found: list[str] = []
    app.bureau.before = lambda operation: found.append(outcome(other.query)) if operation == "query" else None
    assert outcome(app.query) == "paid"
    assert found == [RUNNING]
    assert app.bureau.calls.count("query") == 1


def test_query_answered_between_the_look_and_the_call_is_reused(
    app: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_window(app, ReuseMode.BLOCK)

    def another_click(point: str) -> None:
        if point == "ask.checked":
            monkeypatch.setattr(failpoints, "handler", None)
            app.query()

    monkeypatch.setattr(failpoints, "handler", another_click)
    with pytest.raises(RuleViolation) as refused:
        app.query()
    assert refused.value.code == "consulta_recente"
    assert app.bureau.calls.count("query") == 1


def test_running_query_is_shown_before_paying_and_force_pays_for_no_second(app: AppFixture) -> None:
    found: list[object] = []

    def look(operation: str) -> None:
        if operation == "query":
            found.append(app.queries.check_reuse_window(ANA, app.integration_id, "BASIC", "900.100.200-55"))
            found.append(outcome(lambda: app.query(force=True)))
            found.append(outcome(lambda: app.query(document="900.100.200-55", customer_id="c1")))

    app.bureau.before = look
    app.query()
    finding, *refused = found
    assert (finding.code, finding.severity) == (RUNNING, Severity.BLOCK)  # type: ignore[attr-defined]
    assert refused == [RUNNING, RUNNING]
    assert app.queries.check_reuse_window(ANA, app.integration_id, "BASIC", CPF) is None


def test_another_document_product_or_integration_is_another_query(app: AppFixture) -> None:
    first, found = app.integration_id, list[str]()
    second = app.register(description="Outra conta").id
    app.integration_id = first

    def ask(integration_id: str, product: str, document: str) -> None:
        inputs = {"model": "V8"} if product == "SCORE" else {}
        app.queries.run(ANA, integration_id=integration_id, product_code=product, document=document, inputs=inputs)

    def others(operation: str) -> None:
        if operation == "query":
            app.bureau.before = lambda _: None
            found.extend(
                outcome(lambda each=each: ask(*each))  # type: ignore[misc]
                for each in ((second, "BASIC", CPF), (first, "SCORE", CPF), (first, "BASIC", CNPJ_WITH_LETTERS))
            )

    app.bureau.before = others
    app.query()
    assert found == ["paid"] * 3


@pytest.mark.parametrize("skewed", [LOST_AFTER, -LOST_AFTER])
def test_query_of_a_dead_process_does_not_block_for_ever(app: AppFixture, skewed: timedelta) -> None:
    done = app.queries.get(ANA, app.query())

    def leave(query_id: str, asked_at: datetime) -> None:
        with app.storage.unit() as unit:  # what a process leaves that was killed during its call
            unit.queries.add(replace(done, id=query_id, status=QueryStatus.SENT, asked_at=asked_at, answered_at=None))
            unit.commit()

    leave("alive", app.clock.now())
    assert outcome(app.query) == RUNNING  # it may be alive, and paid for
    with app.storage.unit() as unit:
        unit.queries.save(replace(unit.queries.get("alive"), status=QueryStatus.FAILED))
        unit.commit()
    leave("lost", app.clock.now() - skewed)  # ten minutes ago, or by a clock that was ahead
    assert outcome(app.query) == "paid"
    lost = app.queries.get(ANA, "lost")
    assert (lost.status, lost.error_code) == (QueryStatus.UNKNOWN, "resultado_desconhecido")


def test_lost_answer_ends_the_running_query(app: AppFixture) -> None:
    app.bureau.fail_next("query", OutcomeUnknown("A resposta se perdeu."), executed=True)
    assert outcome(app.query) == "resultado_desconhecido"
    assert outcome(app.query) == "paid"  # a person asks again, and knows that the first may have been paid
