"""A gateway is closed only when its last call ended: editing an account cuts no call that runs under the old one."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.application.gateway_registry import SharedGateway
from credit_protection.domain.bureau_answers import RecordKey
from credit_protection.domain.errors import BureauUnavailable
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credit_protection.domain.integrations import Environment
    from credit_protection.ports.bureau import ListedRecord
    from tests.application.app import AppFixture


class Account(FakeBureau):
    """One gateway that fails when it is called after its end."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False
        self.created_with.append({"password": self.password})
        self.before = self._require_open

    def _require_open(self, name: str) -> None:
        assert not self.is_closed, f"{name} on a closed gateway"

    def list_records(self) -> Iterator[ListedRecord]:
        for record in super().list_records():
            self._require_open("list_records")
            yield record

    def close(self) -> None:
        assert not self.is_closed, "closed twice"
        self.is_closed = True


class Accounts:
    """Makes gateways, and knows those that are open."""

    def __init__(self) -> None:
        self.made: list[Account] = []

    def __call__(self) -> Account:
        self.made.append(Account())
        return self.made[-1]

    @property
    def open_ones(self) -> int:
        return sum(not each.is_closed for each in self.made)


def test_closing_waits_for_the_call_in_flight_and_keeps_nobody_waiting() -> None:
    accounts = Accounts()
    shared = SharedGateway(accounts)
    entered, leave = threading.Event(), threading.Event()

    def slow(_: str) -> None:
        entered.set()
        assert leave.wait(10)

    accounts.made[0].before = slow
    worker = threading.Thread(target=shared.products)
    worker.start()
    assert entered.wait(10)
    shared.close()  # returns, with the call still in flight
    assert accounts.open_ones == 1
    leave.set()
    worker.join(10)
    assert accounts.open_ones == 0


def test_call_that_begins_after_the_end_opens_the_same_account_for_itself() -> None:
    accounts = Accounts()
    shared = SharedGateway(accounts)
    shared.close()
    assert [each.code for each in shared.products()]
    assert (len(accounts.made), accounts.open_ones) == (2, 0)


def test_failed_call_has_ended_too() -> None:
    accounts = Accounts()
    shared = SharedGateway(accounts)

    def down(_: str) -> None:
        shared.close()
        raise BureauUnavailable("O birô não respondeu.")

    accounts.made[0].before = down
    with pytest.raises(BureauUnavailable):
        shared.check()
    assert accounts.open_ones == 0


def test_list_is_in_flight_until_its_end(app: AppFixture) -> None:
    app.included("i1")
    app.included("i2")
    accounts = Accounts()
    shared = SharedGateway(accounts)
    accounts.made[0].records = app.bureau.records
    records = shared.list_records()
    next(records)
    shared.close()
    assert accounts.open_ones == 1
    assert len(list(records)) == 1
    assert accounts.open_ones == 0


@given(st.lists(st.sampled_from(("begin", "end", "close")), max_size=30))
def test_open_while_called_and_closed_when_idle(acts: list[str]) -> None:
    accounts = Accounts()
    shared = SharedGateway(accounts)
    running: list[ExitStack] = []
    was_closed = False
    for act in acts:
        if act == "begin":
            running.append(ExitStack())
            running[-1].enter_context(shared._call())  # a call that has not ended
        elif act == "end" and running:
            running.pop().close()
        elif act == "close":
            shared.close()
            was_closed = True
        assert accounts.open_ones == (1 if running or not was_closed else 0)
    for call in running:
        call.close()


def test_edited_account_cuts_no_call_that_runs(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts: list[Account] = []

    def create(_: FakeBureau, parameters: Mapping[str, str], environment: Environment) -> Account:
        accounts.append(Account())
        accounts[-1].created_with.append({**parameters, "environment": environment.value})
        return accounts[-1]

    app.ports.gateways.close()
    monkeypatch.setattr(FakeBureau, "create", create)
    before = app.integrations.get(ANA, app.integration_id)
    first = app.ports.gateways.for_integration(before)
    key = RecordKey(app.erp.creditor.document, "X", TODAY)
    edited: list[bool] = []

    def edit(name: str) -> None:
        if name == "find" and not edited:
            edited.append(True)
            app.ports.gateways.for_integration(replace(before, parameters={**before.parameters, "user": "outro"}))
            assert not accounts[0].is_closed

    accounts[0].before = edit
    first.find(key)
    assert [each.is_closed for each in accounts] == [True, False]
