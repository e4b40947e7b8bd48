"""The host's customers and overdue invoices: permission, creditor scope, limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.actors import Actor
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import (
    ConfigurationError,
    HostUnavailable,
    InvalidInput,
    NotFound,
    PermissionDenied,
)
from credit_protection.ports.host import OverdueFilter
from tests.application.app import ANA, CNPJ_WITH_LETTERS, CPF, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

FIRST = replace(ANA, creditor_ids=frozenset({"1"}))
SECOND = replace(ANA, creditor_ids=frozenset({"2"}))
STRANGER = Actor("x", "Xico", frozenset())
OVERDUE = OverdueFilter(TODAY)


@pytest.fixture
def app(app: AppFixture) -> AppFixture:
    """`c1` and its invoices are of creditor 1; of `c2` the host gives no creditor."""
    app.erp.customers_by_id["c1"] = replace(app.erp.customers_by_id["c1"], creditor_id="1")
    for key in ("i1", "i2", "i3"):
        app.erp.invoices_by_id[key] = replace(app.erp.invoices_by_id[key], creditor_id="1")
    return app


def add_second_creditor(app: AppFixture) -> None:
    app.erp.other_creditors.append(Creditor("2", Cnpj("12ABC34501DE35"), "FILIAL", "SP"))


def overdue(app: AppFixture, actor: Actor = ANA, wanted: OverdueFilter = OVERDUE, **limits: int) -> list[str]:
    return [invoice.id for invoice in app.customers.overdue_invoices(actor, wanted, **limits)]


def test_customer_is_read_by_id(app: AppFixture) -> None:
    assert app.customers.get(ANA, "c1") == app.erp.customers_by_id["c1"]
    with pytest.raises(NotFound, match="Confira o código"):
        app.customers.get(ANA, "unknown")


def test_customers_are_read_by_their_ids_within_the_actors_scope(app: AppFixture) -> None:
    known = app.erp.customers_by_id
    assert app.customers.get_many(ANA, ["c1", "c2", "c1", "unknown"]) == {"c1": known["c1"], "c2": known["c2"]}
    assert app.customers.get_many(FIRST, ["c1", "c2"]).keys() == {"c1", "c2"}
    assert not app.customers.get_many(SECOND, ["c1", "c2"])
    add_second_creditor(app)
    assert app.customers.get_many(FIRST, ["c1", "c2"]).keys() == {"c1"}
    assert app.customers.get_many(ANA, []) == {}
    with pytest.raises(PermissionDenied):
        app.customers.get_many(STRANGER, [])


def test_customers_are_found_by_document_with_or_without_punctuation(app: AppFixture) -> None:
    for document in (CPF, "900.100.200-55"):
        assert [customer.id for customer in app.customers.find(ANA, document=document)] == ["c1"]
    assert not app.customers.find(ANA, document="90000900168")
    with pytest.raises(InvalidInput):
        app.customers.find(ANA, document="123")


def test_overdue_invoices_come_oldest_first_and_filtered(app: AppFixture) -> None:
    assert overdue(app) == ["j1", "i1", "i2", "i3"]
    assert overdue(app, wanted=replace(OVERDUE, customer_id="c1")) == ["i1", "i2", "i3"]


def test_overdue_invoices_are_read_no_further_than_the_limit(app: AppFixture) -> None:
    listed, given = app.erp.overdue, []

    def counting(wanted: OverdueFilter) -> object:
        for invoice in listed(wanted):
            given.append(invoice.id)
            yield invoice

    app.erp.overdue = counting  # type: ignore[assignment] # counts
    assert overdue(app, limit=2) == given == ["j1", "i1"]


def test_actor_bound_to_creditors_sees_theirs_and_what_is_of_the_only_creditor(app: AppFixture) -> None:
    assert app.customers.get(FIRST, "c1").id == "c1"
    assert overdue(app, FIRST) == ["j1", "i1", "i2", "i3"]
    with pytest.raises(NotFound):
        app.customers.get(SECOND, "c1")
    assert not app.customers.find(SECOND, document=CPF)
    assert not overdue(app, SECOND)  # the host has one creditor, and it is another


def test_what_a_host_with_several_creditors_does_not_attribute_is_seen_by_no_bound_actor(app: AppFixture) -> None:
    add_second_creditor(app)
    for actor in (FIRST, SECOND):
        assert "j1" not in overdue(app, actor)
        with pytest.raises(NotFound):
            app.customers.get(actor, "c2")
        assert not app.customers.find(actor, document=CNPJ_WITH_LETTERS)
    assert "j1" in overdue(app)
    app.erp.invoices_by_id["j1"] = replace(app.erp.invoices_by_id["j1"], creditor_id="2")
    assert overdue(app, SECOND, limit=1) == ["j1"]  # the limit counts what the actor sees


def test_actor_without_permission_is_refused_before_the_host_is_read(app: AppFixture) -> None:
    def refuse(_: str) -> None:
        raise AssertionError("the host was read")

    app.erp.before = refuse
    for call in (
        lambda: app.customers.get(STRANGER, "c1"),
        lambda: app.customers.find(STRANGER, document=CPF),
        lambda: app.customers.overdue_invoices(STRANGER, OVERDUE),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_host_without_overdue_report_or_that_is_down_is_reported(app: AppFixture) -> None:
    def down(_: str) -> None:
        raise HostUnavailable("O ERP não responde.")

    app.erp.before = down
    with pytest.raises(HostUnavailable):
        app.customers.get(ANA, "c1")
    app.erp.capabilities = replace(app.erp.capabilities, overdue=False)
    with pytest.raises(ConfigurationError) as without:
        app.customers.overdue_invoices(ANA, OVERDUE)
    assert without.value.code == "erp_sem_vencidas"
