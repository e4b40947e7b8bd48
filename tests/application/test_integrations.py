"""Integrations: register, edit, test, synchronise, take products off, deactivate, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import (
    BureauUnavailable,
    Conflict,
    CredentialsRejected,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RuleViolation,
)
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.integrations import Environment, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Observed
from credit_protection.domain.products import ProductKind
from credit_protection.domain.removal_policy import RemovalPolicy, Trigger
from tests.application.desk import ANA, TODAY

if TYPE_CHECKING:
    from tests.application.desk import Desk

OPERATOR = Actor.with_role("olga", "Olga", "operador")
ELSEWHERE = replace(ANA, id="eva", name="Eva", creditor_ids=frozenset({"2"}))
ATTENDANT = Actor.with_role("davi", "Davi", "atendente")


def register(desk: Desk, actor: Actor = ANA, **changes: object) -> str:
    given = {
        "gateway": "fake",
        "description": "Conta da matriz",
        "creditor_id": "1",
        "parameters": {"user": "provedor", "password": "secret"},
        **changes,
    }
    return desk.integrations.register(actor, **given).id  # type: ignore[arg-type] # the test says what is wrong


# ------------------------------------------------------------------------------------------------ register


def test_what_is_registered_is_listed_with_its_settings(desk: Desk) -> None:
    settings = IntegrationSettings(
        environment=Environment.TEST,
        removal_policy=RemovalPolicy(Trigger.ALL_INVOICES_SETTLED, Money(100), 1),
        guards=GuardSettings(minimum_days_late=15, fine_percent=Decimal(2)),
        reuse=ReuseWindow(30, ReuseMode.BLOCK),
        grouped=True,
        rate_per_second=2.0,
    )
    made = desk.register(settings, description="  Conta da matriz ")

    (listed,) = desk.integrations.list(ANA)
    assert listed.id == made.id
    assert listed.description == "Conta da matriz"
    assert listed.created_at == desk.clock.now()
    assert (listed.environment, listed.removal_policy, listed.guards) == (
        settings.environment,
        settings.removal_policy,
        settings.guards,
    )
    assert (listed.reuse, listed.grouped, listed.rate_per_second) == (settings.reuse, True, 2.0)
    assert listed.parameters == {"user": "provedor", "base_url": "http://127.0.0.1"}


def test_the_gateways_to_choose_from_say_what_they_need(desk: Desk) -> None:
    (kind,) = desk.integrations.gateways()
    assert [spec.name for spec in kind.parameters if spec.secret] == ["password"]


def test_a_secret_is_sealed_and_shows_neither_in_the_record_nor_in_the_trail(desk: Desk) -> None:
    made = register(desk, parameters={"user": "provedor", "password": "tR0ub4dor"})

    stored = desk.integrations.get(ANA, made)
    assert desk.tenant.vault.open(stored.sealed["password"]) == "tR0ub4dor"
    assert "tR0ub4dor" not in repr(stored)
    assert "tR0ub4dor" not in repr(desk.audit())
    assert desk.audit()[0].after["parameter.password"] == "***"


def test_the_gateway_gets_the_secret_opened(shop: Desk) -> None:
    assert shop.bureau.opened[-1]["password"] == "secret"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"gateway": "spc"}, "gateway_desconhecido"),
        ({"creditor_id": "9"}, "empresa_desconhecida"),
        ({"description": "  "}, "descricao_obrigatoria"),
        ({"parameters": {"user": "provedor"}}, "parametro_obrigatorio"),
        ({"parameters": {"user": "provedor", "password": "secret", "senha": "x"}}, "parametro_desconhecido"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name_and_nothing_is_stored(
    desk: Desk, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register(desk, ANA, **changes)
    assert refused.value.code == code
    assert not desk.integrations.list(ANA)
    assert not desk.audit()


@pytest.mark.parametrize("actor", [OPERATOR, ATTENDANT, ELSEWHERE, SYSTEM], ids=lambda actor: actor.id)
def test_only_who_may_configure_this_creditor_registers(desk: Desk, actor: Actor) -> None:
    with pytest.raises(PermissionDenied):
        register(desk, actor)
    assert not desk.audit()


def test_the_creditors_are_those_of_the_erp_that_the_actor_sees(desk: Desk) -> None:
    desk.erp.branches.append(Creditor("2", Cnpj("12ABC34501DE35"), "FILIAL", "SP"))
    assert [creditor.id for creditor in desk.integrations.creditors(ANA)] == ["1", "2"]
    assert [creditor.id for creditor in desk.integrations.creditors(ELSEWHERE)] == ["2"]


def test_another_creditors_integration_does_not_exist_for_the_actor(shop: Desk) -> None:
    assert not shop.integrations.list(ELSEWHERE)
    for read in (shop.integrations.get, shop.integrations.products, shop.integrations.natures):
        with pytest.raises(NotFound):
            read(ELSEWHERE, shop.integration_id)
    with pytest.raises(NotFound):
        shop.integrations.delete(ELSEWHERE, shop.integration_id)


# ------------------------------------------------------------------------------------------------ edit


def test_a_secret_left_blank_on_edit_stays(shop: Desk) -> None:
    before = shop.integrations.get(ANA, shop.integration_id)
    after = shop.integrations.edit(ANA, shop.integration_id, parameters={"user": "outro", "password": " "})
    assert after.sealed == before.sealed
    assert after.parameters["user"] == "outro"


def test_a_new_secret_on_edit_is_sealed_and_opens_the_gateway_anew(shop: Desk) -> None:
    after = shop.integrations.edit(ANA, shop.integration_id, parameters={"password": "n0va"})
    assert shop.tenant.vault.open(after.sealed["password"]) == "n0va"
    assert after.parameters["user"] == "provedor"  # what was not given stays
    with pytest.raises(CredentialsRejected):
        shop.integrations.test(ANA, shop.integration_id)
    assert shop.bureau.opened[-1]["password"] == "n0va"
    assert shop.bureau.closed == 1
    assert "n0va" not in repr(shop.audit())


def test_an_edit_changes_only_what_is_given_and_the_trail_shows_before_and_after(shop: Desk) -> None:
    shop.integrations.edit(ANA, shop.integration_id, description="Filial")
    shop.integrations.edit(
        ANA, shop.integration_id, settings=IntegrationSettings(grouped=True, reuse=ReuseWindow(30, ReuseMode.BLOCK))
    )
    stored = shop.integrations.get(ANA, shop.integration_id)
    assert (stored.description, stored.grouped, stored.parameters["user"]) == ("Filial", True, "provedor")
    first, second = [entry for entry in shop.audit() if entry.act == "integration.edit"]
    assert (first.before["description"], first.after["description"]) == ("Conta da matriz", "Filial")
    assert (second.before["grouped"], second.after["grouped"]) == ("False", "True")
    assert second.before["reuse"] != second.after["reuse"]


@pytest.mark.parametrize(
    "changes", [{"description": " "}, {"parameters": {"senha": "x"}}, {"parameters": {"user": ""}}], ids=str
)
def test_an_edit_that_is_refused_leaves_all_as_it_was(shop: Desk, changes: dict[str, object]) -> None:
    before, trail = shop.integrations.get(ANA, shop.integration_id), shop.acts()
    with pytest.raises(InvalidInput):
        shop.integrations.edit(ANA, shop.integration_id, **changes)  # type: ignore[arg-type] # wrong on purpose
    assert shop.integrations.get(ANA, shop.integration_id) == before
    assert shop.acts() == trail


def test_mending_the_parameters_ends_a_pause_and_wakes_the_workers(shop: Desk) -> None:
    pause(shop)
    shop.queue.woken.clear()
    after = shop.integrations.edit(ANA, shop.integration_id, parameters={"password": "secret"})
    assert (after.paused_until, after.pause_reason) == (None, "")
    assert shop.queue.woken == [None]


# ------------------------------------------------------------------------------------------------ test, synchronise


def test_a_good_test_authenticates_for_real_and_ends_a_pause(shop: Desk) -> None:
    pause(shop)
    shop.integrations.test(ANA, shop.integration_id)
    assert "check" in shop.bureau.calls
    assert shop.integrations.get(ANA, shop.integration_id).paused_until is None
    assert shop.acts()[-1] == "integration.test"


def test_a_failed_test_says_why_and_leaves_the_pause(shop: Desk) -> None:
    pause(shop)
    shop.bureau.password = "another"
    with pytest.raises(CredentialsRejected, match="recusou a senha"):
        shop.integrations.test(ANA, shop.integration_id)
    assert shop.integrations.get(ANA, shop.integration_id).paused_until is not None
    assert "integration.test" not in shop.acts()


def test_synchronising_adds_updates_and_marks_as_gone_and_never_deletes(shop: Desk) -> None:
    real = shop.bureau.products()
    basic, score, inclusion = real
    shop.bureau.listed = [replace(basic, price=Money(300)), inclusion, replace(score, code="NEW")]
    result = shop.integrations.synchronise(ANA, shop.integration_id)

    assert (result.added, result.updated, result.gone) == (("NEW",), ("BASIC",), ("SCORE",))
    assert [product.code for product in shop.integrations.products(ANA, shop.integration_id)] == ["BASIC", "INC", "NEW"]
    everything = shop.integrations.products(ANA, shop.integration_id, all_of_them=True)
    assert {product.code: product.gone_at is not None for product in everything} == {
        "BASIC": False,
        "INC": False,
        "NEW": False,
        "SCORE": True,
    }
    assert shop.audit()[-1].after == {"added": "NEW", "updated": "BASIC", "gone": "SCORE"}


def test_a_product_that_comes_back_is_offered_again_and_one_taken_off_stays_off(shop: Desk) -> None:
    everything = shop.bureau.products()
    shop.integrations.remove_products(ANA, shop.integration_id, ["INC"])
    shop.bureau.listed = [product for product in everything if product.code != "SCORE"]
    shop.integrations.synchronise(ANA, shop.integration_id)
    shop.bureau.listed = everything
    shop.integrations.synchronise(ANA, shop.integration_id)
    assert [one.code for one in shop.integrations.products(ANA, shop.integration_id)] == ["BASIC", "SCORE"]


def test_natures_and_reasons_come_with_the_products(shop: Desk) -> None:
    assert [nature.code for nature in shop.integrations.natures(ANA, shop.integration_id)] == ["DEV", "DUP", "OUT"]
    assert len(shop.integrations.reasons(ANA, shop.integration_id)) == 10


def test_a_bureau_that_can_not_be_read_changes_nothing(shop: Desk) -> None:
    before, trail = shop.integrations.products(ANA, shop.integration_id), shop.acts()
    shop.bureau.fail_next("products", BureauUnavailable("O birô não respondeu."))
    with pytest.raises(BureauUnavailable):
        shop.integrations.synchronise(ANA, shop.integration_id)
    assert shop.integrations.products(ANA, shop.integration_id) == before
    assert shop.acts() == trail


# ------------------------------------------------------------------------------------------------ products off


def test_many_products_are_taken_off_at_once(shop: Desk) -> None:
    assert shop.integrations.remove_products(ANA, shop.integration_id, ["BASIC", "SCORE"]) == 2
    assert [one.kind for one in shop.integrations.products(ANA, shop.integration_id)] == [ProductKind.INCLUSION]
    assert shop.audit()[-1].after == {"codes": "BASIC, SCORE"}


def test_an_unknown_product_takes_none_off(shop: Desk) -> None:
    trail = shop.acts()
    with pytest.raises(NotFound, match="NONE"):
        shop.integrations.remove_products(ANA, shop.integration_id, ["BASIC", "NONE"])
    assert len(shop.integrations.products(ANA, shop.integration_id)) == 3
    assert shop.acts() == trail


# ------------------------------------------------------------------------------------------------ deactivate, delete


def test_an_inactive_integration_refuses_queries_and_inclusions(shop: Desk) -> None:
    assert not shop.integrations.set_active(ANA, shop.integration_id, active=False).active
    with pytest.raises(RuleViolation) as query:
        shop.query()
    with pytest.raises(RuleViolation) as inclusion:
        shop.negativate()
    assert query.value.code == inclusion.value.code == "integracao_inativa"
    assert not shop.bureau.records


def test_removals_of_an_inactive_integration_go_on(shop: Desk) -> None:
    held = shop.included("i1")
    shop.integrations.set_active(ANA, shop.integration_id, active=False)
    shop.paid("i1")
    assert [due.negativation_id for due in shop.transmissions.due(10)] == [held.id]
    assert shop.work(held).observed is Observed.GONE


def test_a_waiting_inclusion_waits_while_the_integration_is_inactive_and_then_goes_out(shop: Desk) -> None:
    waiting = shop.negativate("i1")
    shop.integrations.set_active(ANA, shop.integration_id, active=False)
    assert not shop.transmissions.due(10)
    assert shop.perform(waiting) is None
    assert "include" not in shop.bureau.calls

    shop.queue.woken.clear()
    shop.integrations.set_active(ANA, shop.integration_id, active=True)
    assert shop.queue.woken == [None]
    assert shop.work(waiting).observed is Observed.PRESENT
    assert [act for act in shop.acts(shop.integration_id) if "activate" in act] == [
        "integration.deactivate",
        "integration.activate",
    ]


def test_an_integration_with_open_negativations_is_not_deleted(shop: Desk) -> None:
    shop.included("i1")
    with pytest.raises(Conflict) as refused:
        shop.integrations.delete(ANA, shop.integration_id)
    assert refused.value.code == "integracao_com_negativacoes"
    assert "integration.delete" not in shop.acts()


def test_a_deleted_integration_is_gone_from_sight_and_its_history_stays(shop: Desk) -> None:
    removed = shop.included("i1")
    shop.negativations.delete(ANA, removed.id)
    shop.work(removed)
    query = shop.query()
    shop.integrations.delete(ANA, shop.integration_id)

    assert not shop.integrations.list(ANA)
    with pytest.raises(NotFound):
        shop.integrations.get(ANA, shop.integration_id)
    with pytest.raises(NotFound):
        shop.negativate("i2")
    assert shop.negativations.history(ANA, removed.id)
    assert shop.queries.open(ANA, query)[0].id == query
    assert shop.acts(shop.integration_id)[-1] == "integration.delete"


def test_a_creation_that_a_deletion_overtakes_is_refused(shop: Desk) -> None:
    def delete_meanwhile(reading: str) -> None:
        if reading == "holds":
            shop.erp.before = lambda _: None
            shop.integrations.delete(ANA, shop.integration_id)

    shop.erp.before = delete_meanwhile
    with pytest.raises(NotFound, match="excluída"):
        shop.negativate("i1")
    assert not shop.negativations.list(ANA).items


@pytest.mark.parametrize(
    "act",
    ["edit", "test", "synchronise", "remove_products", "set_active", "delete"],
)
def test_who_may_not_configure_changes_nothing(shop: Desk, act: str) -> None:
    before, trail, calls = shop.integrations.get(ANA, shop.integration_id), shop.acts(), len(shop.bureau.calls)
    extra: dict[str, dict[str, object]] = {"remove_products": {"codes": ["BASIC"]}, "set_active": {"active": False}}
    with pytest.raises(PermissionDenied):
        getattr(shop.integrations, act)(OPERATOR, shop.integration_id, **extra.get(act, {}))
    assert Permission.CONFIGURE not in OPERATOR.permissions
    assert shop.integrations.get(ANA, shop.integration_id) == before
    assert shop.acts() == trail
    assert len(shop.bureau.calls) == calls


def pause(desk: Desk) -> None:
    """As a worker leaves it after refused credentials."""
    with desk.storage.unit() as unit:
        stored = unit.integrations.get(desk.integration_id)
        until = desk.clock.now() + timedelta(hours=1)
        unit.integrations.save(replace(stored, paused_until=until, pause_reason="O birô recusou as credenciais."))
        unit.commit()


def test_the_fake_clock_stands_on_a_tuesday(desk: Desk) -> None:
    assert desk.tenant.today(desk.erp.creditor) == TODAY
