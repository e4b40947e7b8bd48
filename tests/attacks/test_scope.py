"""A host with two companies: who is bound to one of them reaches nothing of the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.host_identity import HostIdentity
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import CreditProtectionError, HostUnavailable, NotFound, PermissionDenied
from credit_protection.domain.settlements import Reversal, Settlement, SettlementKind
from credit_protection.domain.state_table import Desired
from credit_protection.domain.unreadable import Unreadable, UnreadableKind
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import QueryFilter
from tests.application.app import ANA, CPF, TODAY
from tests.application.test_adoption import ROW, Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.application.app import AppFixture

HOUR = timedelta(hours=1)
BOB = replace(Actor.with_role("bob", "Operador da B", "operador"), creditor_ids=frozenset({"B"}))
EVA = replace(Actor.with_role("eva", "Administradora da B", "administrador"), creditor_ids=frozenset({"B"}))


@pytest.fixture
def app(app: AppFixture) -> AppFixture:
    """Companies 1 and B, each with an integration; the host does not say whose its customers and invoices are."""
    first = app.integration_id
    app.erp.other_creditors.append(Creditor("B", Cnpj("11222333000181"), "OUTRA EMPRESA LTDA", "MG"))
    app.register(description="Conta da B", creditor_id="B")
    app.integration_id = first
    return app


def attribute(app: AppFixture, creditor_id: str = "1") -> None:
    """The host says whose everything of `c1` is."""
    app.erp.customers_by_id["c1"] = replace(app.erp.customers_by_id["c1"], creditor_id=creditor_id)
    for key in ("i1", "i2", "i3"):
        app.erp.invoices_by_id[key] = replace(app.erp.invoices_by_id[key], creditor_id=creditor_id)


def of_b(app: AppFixture) -> str:
    (found,) = [one.id for one in app.integrations.list(ANA) if one.creditor_id == "B"]
    return found


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(CreditProtectionError) as refused:
        act()
    return refused.value.code


@pytest.mark.parametrize("is_attributed", [False, True])
def test_other_companys_customers_and_invoices_do_not_exist(app: AppFixture, *, is_attributed: bool) -> None:
    if is_attributed:
        attribute(app)
    through_b = replace(app.request("i1"), integration_id=of_b(app))
    for actor in (BOB, EVA):
        assert refusal(lambda a=actor: app.customers.get(a, "c1")) == "cliente_desconhecido"  # type: ignore[misc]
        assert not app.customers.get_many(actor, ["c1", "c2"])
        assert not app.customers.find(actor, document=CPF)
        assert not list(app.customers.overdue_invoices(actor, OverdueFilter(TODAY)))
        for act in (app.negativations.preview, app.negativations.create):
            assert refusal(lambda a=actor, f=act: f(a, through_b)) == "cliente_desconhecido"  # type: ignore[misc]
        assert refusal(lambda a=actor: app.negativations.preview(a, app.request("i1"))) == "nao_encontrado"  # type: ignore[misc]
    assert not app.negativations.list(ANA).items


def test_invoice_that_names_no_company_is_negativated_in_the_name_of_none(app: AppFixture) -> None:
    """Also by an administrator of all companies: nobody knows in whose name it would be."""
    findings = app.negativations.preview(ANA, app.request("i1")).findings
    assert "fatura_sem_empresa" in {each.code for each in findings}
    assert refusal(lambda: app.negativate("i1")) == "recusado_por_regra"
    attribute(app)
    assert app.negativate("i1").creditor_id == "1"


def test_invoice_that_loses_its_company_before_the_claim_is_not_included(app: AppFixture) -> None:
    attribute(app)
    made = app.negativate("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], creditor_id=None)
    app.perform(made)
    assert app.bureau.calls.count("include") == 0
    assert app.get(made).desired is Desired.REMOVED


def test_customer_of_both_companies_is_seen_through_the_own_invoice_alone(app: AppFixture) -> None:
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], creditor_id="1")
    app.erp.invoices_by_id["i2"] = replace(app.erp.invoices_by_id["i2"], creditor_id="B")
    app.integration_id = of_b(app)
    assert refusal(lambda: app.negativations.preview(BOB, app.request("i1"))) == "cliente_desconhecido"
    assert refusal(lambda: app.negativations.preview(BOB, app.request("i2", "i1"))) == "fatura_desconhecida"
    assert [one.creditor_id for one in app.negativations.create(BOB, app.request("i2"))] == ["B"]
    assert [each.id for each in app.customers.overdue_invoices(BOB, OverdueFilter(TODAY))] == ["i2"]


@pytest.mark.parametrize("actor", [BOB, EVA])
def test_payment_of_the_other_company_is_neither_recorded_nor_reversed(app: AppFixture, actor: Actor) -> None:
    attribute(app)
    made = app.included("i1")
    forged = Settlement("forged", "i1", SettlementKind.PAYMENT, TODAY)
    assert app.payments.record(actor, forged) is RecordResult.NOT_PERMITTED
    assert app.get(made).desired is Desired.INCLUDED
    paid = app.paid("i1")
    assert app.get(made).desired is Desired.REMOVED
    assert app.payments.reverse(actor, paid.id, "i1", TODAY) is RecordResult.NOT_PERMITTED
    assert app.payments.recheck(actor, ["i1"]) is RecordResult.NOT_PERMITTED
    app.sweep.run()
    assert app.get(made).desired is Desired.REMOVED
    assert [each.act for each in app.audit_trail.list(ANA).items if each.actor_id == actor.id] != []


def test_reversal_is_not_planted_before_the_payment_of_an_invoice_that_nobody_covers_yet(app: AppFixture) -> None:
    """It would void the payment later, and who paid would stay."""
    attribute(app)
    planted = Reversal("pay-1", "i1", TODAY)
    assert app.payments.record(BOB, planted) is RecordResult.NOT_PERMITTED
    with app.storage.unit() as unit:
        assert not unit.settlements.entries(app.erp.code, ["i1"])
    made = app.included("i1")
    assert app.paid("i1").id == "pay-1"
    assert app.get(made).desired is Desired.REMOVED


def test_refused_payment_is_read_from_the_erp_instead(app: AppFixture) -> None:
    """A customer's payment is never lost because of who reported it."""
    attribute(app)
    made = app.included("i1")
    paid = app.erp.pay("i1", TODAY)
    assert app.payments.record(BOB, paid) is RecordResult.NOT_PERMITTED
    app.sweep.run()
    assert app.get(made).desired is Desired.REMOVED


def test_own_companys_payments_are_recorded(app: AppFixture) -> None:
    attribute(app, "B")
    app.integration_id = of_b(app)
    made = app.included("i1")
    assert app.payments.record(BOB, app.erp.pay("i1", TODAY)) is RecordResult.RECORDED
    assert app.get(made).desired is Desired.REMOVED
    assert app.payments.recheck(BOB, ["i2"]) is RecordResult.RECORDED  # the host shows that it is theirs
    assert app.payments.record(SYSTEM, app.erp.pay("i3", TODAY)) is RecordResult.RECORDED


def test_own_negativation_is_enough_while_the_host_is_down(app: AppFixture) -> None:
    attribute(app, "B")
    app.integration_id = of_b(app)
    made = app.included("i1")
    paid = app.erp.pay("i1", TODAY)

    def down(_: str) -> None:
        raise HostUnavailable("O ERP não responde.")

    app.erp.before = down
    assert app.payments.record(BOB, paid) is RecordResult.RECORDED
    assert app.get(made).desired is Desired.REMOVED
    assert app.payments.record(BOB, Settlement("p", "i2", SettlementKind.PAYMENT, TODAY)) is RecordResult.NOT_PERMITTED


def test_query_is_not_filed_under_the_other_companys_customer(app: AppFixture) -> None:
    attribute(app)
    first, app.integration_id = app.integration_id, of_b(app)

    def ask(customer_id: str | None) -> object:
        return app.queries.run(
            BOB, integration_id=app.integration_id, product_code="BASIC", document=CPF, customer_id=customer_id
        )

    assert refusal(lambda: ask("c1")) == "cliente_desconhecido"
    assert refusal(lambda: ask("unknown")) == "cliente_desconhecido"
    assert "query" not in app.bureau.calls
    ask(None)  # a prospect is nobody's customer
    app.integration_id = first
    app.query(customer_id="c1")
    assert [each.creditor_id for each in app.queries.list(BOB).items] == ["B"]
    assert not app.queries.list(BOB, QueryFilter(customer_id="c1")).items


def test_extract_adopts_no_debt_of_the_other_company(app: AppFixture) -> None:
    through_b = of_b(app)
    for is_attributed in (False, True):
        if is_attributed:
            attribute(app)
        for actor in (ANA, EVA):
            seen: list[object] = []
            app.adoption.preview(actor, through_b, Rows([ROW]), report=seen.append)
            (assessment,) = seen
            assert not assessment.verdict.is_adopted  # type: ignore[attr-defined]
            assert actor is ANA or assessment.customer is None  # type: ignore[attr-defined]


def test_installation_is_not_changed_by_who_is_bound_to_a_company(app: AppFixture) -> None:
    for act in (
        lambda: HostIdentity(app.ports).accept(EVA),
        lambda: app.reconciliation.declare_restored(EVA),
        lambda: app.reconciliation.continue_inclusions(EVA, remark="conferido"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_alarms_name_no_record_of_the_other_company(app: AppFixture) -> None:
    attribute(app)
    app.included("i1")
    with app.storage.unit() as unit:
        unit.settlements.record(
            app.erp.code, Settlement("p", "i1", SettlementKind.PAYMENT, TODAY), app.clock.now() - 9 * HOUR
        )
        unit.unreadable.add([Unreadable(app.erp.code, UnreadableKind.CUSTOMER, "c9", "o documento 9 não serve")])
        unit.commit()
    whole = {each.code.value: each.message for each in app.alarms.check(ANA)}
    assert "i1" in whole["baixa_nao_aplicada"]
    assert "c9" in whole["registro_ilegivel"]
    found = {each.code.value: each.message for each in app.alarms.check(BOB)}
    assert {"baixa_nao_aplicada", "registro_ilegivel"} <= found.keys()
    assert not [each for each in found.values() if "i1" in each or "c9" in each]


def test_relinking_finds_no_invoice_of_the_other_company(app: AppFixture) -> None:
    attribute(app, "B")
    app.integration_id = of_b(app)
    made = app.included("i1")
    lost = app.erp.invoices_by_id.pop("i1")
    app.erp.invoices_by_id["n1"] = replace(lost, id="n1", creditor_id="1")
    app.erp.capabilities = replace(app.erp.capabilities, settled_invoices=True)
    assert not any(app.negativations.relink_candidates(BOB, made.id).values())
    with pytest.raises(NotFound):
        app.negativations.relink(BOB, made.id, {"i1": "n1"}, "é a mesma")
