"""Each use case that a person triggers refuses an actor without its permission, and changes nothing."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.divergences import (
    Decision,
    Difference,
    DivergenceCode,
    DivergenceContext,
    DivergenceSeverity,
    Side,
    update_divergences,
)
from credit_protection.domain.errors import PermissionDenied
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.queries import ExportFormat
from credit_protection.ports.host import OverdueFilter
from tests.application.app import ANA, CPF, TODAY
from tests.application.test_adoption import ROW, Rows
from tests.application.test_payments import payment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.application.app import AppFixture

FAMILIES = (
    *("adoption", "alarms", "audit_trail", "customers", "divergences", "integrations"),
    *("negativations", "payments", "queries", "users"),
)
READ_INTEGRATIONS = {
    Permission.CONFIGURE,
    Permission.QUERY,
    Permission.READ_HISTORY,
    Permission.NEGATIVATE,
    Permission.REMOVE,
}
"""Each of them alone suffices to read what is configured."""


HAVE_CONDITIONS = {"queries.export", "queries.open_unchecked"}
"""They need a report of their kind besides."""


def arguments(app: AppFixture, negativation_id: str, query_id: str) -> dict[str, tuple[set[Permission], list[Any]]]:
    """What each use case with an actor is called with besides, and the permissions that it needs."""
    one, key = app.integration_id, negativation_id
    configure, remove, history = {Permission.CONFIGURE}, {Permission.REMOVE}, {Permission.READ_HISTORY}
    adopt, manage = {Permission.CONFIGURE, Permission.NEGATIVATE}, {Permission.MANAGE_USERS}
    registration: dict[str, Any] = {"gateway": "fake", "description": "x", "creditor_id": "1", "parameters": {}}
    query = {"integration_id": one, "product_code": "BASIC", "document": CPF}
    divergence_id = open_divergence(app, negativation_id)
    return {
        "adoption.adopt": (adopt, [one, Rows([ROW])]),
        "adoption.bureau_list": (adopt, [one]),
        "adoption.preview": (adopt, [one, Rows([ROW])]),
        "alarms.check": (history, []),
        "audit_trail.list": ({Permission.AUDIT}, []),
        "customers.find": (history, [{"document": CPF}]),
        "customers.get": (history, ["c1"]),
        "customers.get_many": (history, [["c1"]]),
        "customers.search": (history, ["c1"]),
        "customers.overdue_invoices": (history, [OverdueFilter(TODAY)]),
        "divergences.decide": (remove, [divergence_id, Decision.KEEP, {"remark": "x"}]),
        "divergences.get": (history, [divergence_id]),
        "divergences.list": (history, []),
        "integrations.creditors": (READ_INTEGRATIONS, []),
        "integrations.delete": (configure, [one]),
        "integrations.edit": (configure, [one, {"description": "x"}]),
        "integrations.get": (READ_INTEGRATIONS, [one]),
        "integrations.list": (READ_INTEGRATIONS, []),
        "integrations.natures": (READ_INTEGRATIONS, [one]),
        "integrations.products": (READ_INTEGRATIONS, [one]),
        "integrations.stored_creditors": (READ_INTEGRATIONS, []),
        "integrations.reasons": (READ_INTEGRATIONS, [one]),
        "integrations.register": (configure, [registration]),
        "integrations.set_reasons": (configure, [one]),
        "integrations.remove_products": (configure, [one, ["BASIC"]]),
        "integrations.restore_products": (configure, [one, ["BASIC"]]),
        "integrations.set_active": (configure, [one, {"active": False}]),
        "integrations.synchronise": (configure, [one]),
        "integrations.test": (configure, [one]),
        "negativations.attest_absent": (remove, [key, "não consta"]),
        "negativations.create": ({Permission.NEGATIVATE}, [app.request("i2")]),
        "negativations.delete": (remove, [key]),
        "negativations.get": (history, [key]),
        "negativations.history": (history, [key]),
        "negativations.list": (history, []),
        "negativations.preview": ({Permission.NEGATIVATE}, [app.request("i2")]),
        "negativations.relink": (remove, [key, {"invoices": {"i1": "i9"}, "remark": "é a mesma"}]),
        "negativations.relink_candidates": (remove, [key]),
        "negativations.resume": (remove, [key]),
        "negativations.stop_trying": (remove, [key, "espere"]),
        "negativations.today": (history, []),
        "negativations.withdraw": (remove, [key]),
        "queries.check_reuse_window": ({Permission.QUERY}, [one, "BASIC", CPF]),
        "queries.export": (history, [query_id, ExportFormat.PDF]),
        "queries.get": (history, [query_id]),
        "queries.list": (history, []),
        "queries.open": (history, [query_id]),
        "queries.open_unchecked": (history, [query_id]),
        "queries.run": ({Permission.QUERY}, [query]),
        "users.add": (manage, ["os:bia", ["operador"]]),
        "users.list": (manage, []),
        "users.remove": (manage, ["os:ana"]),
        "users.set_roles": (manage, ["os:ana", ["operador"]]),
    }


def open_divergence(app: AppFixture, negativation_id: str) -> str:
    """A divergence that is open about the negativation; always the same."""
    difference = Difference(
        negativation_id, DivergenceCode.OTHER_CREDITOR, Side.ERP, DivergenceSeverity.ALARM, "1", "2", "Confira."
    )
    at = DivergenceContext(app.integration_id, "1", negativation_id, app.clock.now(), TODAY, BusinessCalendar())
    with app.storage.unit() as unit:
        unit.divergences.save_all(update_divergences([], [difference], (), at, ["difference"]))
        unit.commit()
    return "difference"


def call(app: AppFixture, name: str, actor: Actor, given: list[Any]) -> object:
    family, _, method = name.partition(".")
    act: Callable[..., object] = getattr(getattr(app, family), method)
    named = given[-1] if given and isinstance(given[-1], dict) else {}
    return act(actor, *(given[:-1] if named else given), **named)


def use_cases_with_an_actor(app: AppFixture) -> set[str]:
    return {
        f"{family}.{name}"
        for family in FAMILIES
        for name, member in inspect.getmembers(getattr(app, family), inspect.ismethod)
        if not name.startswith("_") and "actor" in inspect.signature(member).parameters
    }


def test_use_case_refuses_an_actor_without_its_permission(app: AppFixture) -> None:
    made, query_id = app.negativate("i1"), app.query()
    cases = arguments(app, made.id, query_id)
    assert cases.keys() == use_cases_with_an_actor(app) - {"payments.record", "payments.recheck", "payments.reverse"}
    before, trail, calls = app.get(made), app.acts(), len(app.bureau.calls)
    for name, (needed, given) in cases.items():
        alone = needed is READ_INTEGRATIONS
        for missing in [needed] if alone else [{one} for one in needed]:
            with pytest.raises(PermissionDenied):
                call(app, name, replace(ANA, permissions=ANA.permissions - missing), given)
    assert (app.get(made), app.acts(), len(app.bureau.calls)) == (before, trail, calls)


def test_reading_use_case_needs_no_other_permission(app: AppFixture) -> None:
    made, query_id = app.negativate("i1"), app.query()
    for name, (needed, given) in arguments(app, made.id, query_id).items():
        if needed is READ_INTEGRATIONS:
            for one in needed:
                call(app, name, Actor("u", "Rui", frozenset({one})), given)
        elif needed == {Permission.READ_HISTORY} and name not in HAVE_CONDITIONS:
            call(app, name, Actor("u", "Rui", frozenset(needed)), given)


def test_person_who_may_only_remove_is_given_the_result(app: AppFixture) -> None:
    made = app.negativate("i1")
    remover = Actor("u", "Rui", frozenset({Permission.REMOVE}))
    assert app.negativations.delete(remover, made.id).is_closed


def test_payment_without_permission_is_a_result(app: AppFixture) -> None:
    nobody = Actor("u", "Rui", frozenset())
    assert app.payments.record(nobody, payment()) is RecordResult.NOT_PERMITTED
    assert app.payments.reverse(nobody, "p1", "i1", TODAY) is RecordResult.NOT_PERMITTED
    assert app.payments.recheck(nobody, ["i1"]) is RecordResult.NOT_PERMITTED
