"""Integrations: register, edit, test, synchronise, take products off, deactivate, delete."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

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
from credit_protection.domain.integrations import Environment, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.products import ProductKind
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.domain.state_table import Observed
from tests.application.app import ANA, TODAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

OPERATOR = Actor.with_role("olga", "Olga", "operador")
ELSEWHERE = replace(ANA, id="eva", name="Eva", creditor_ids=frozenset({"2"}))
ATTENDANT = Actor.with_role("davi", "Davi", "atendente")


def register(empty_app: AppFixture, actor: Actor = ANA, **changes: object) -> str:
    given = {
        "gateway": "fake",
        "description": "Conta da matriz",
        "creditor_id": "1",
        "parameters": {"user": "provedor", "password": "secret"},
        **changes,
    }
    return empty_app.integrations.register(actor, **given).id  # type: ignore[arg-type] # the test says what is wrong


# ------------------------------------------------------------------------------------------------ register


def test_registered_integration_is_listed_with_its_settings(empty_app: AppFixture) -> None:
    settings = IntegrationSettings(
        environment=Environment.TEST,
        removal_policy=RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED, Money(100), 1),
        guards=GuardSettings(minimum_days_late=15, fine_percent=Decimal(2)),
        reuse=ReuseWindow(30, ReuseMode.BLOCK),
        grouped=True,
        rate_per_second=2.0,
    )
    made = empty_app.register(settings, description="  Conta da matriz ")

    (listed,) = empty_app.integrations.list(ANA)
    assert listed.id == made.id
    assert listed.description == "Conta da matriz"
    assert listed.created_at == empty_app.clock.now()
    assert listed.settings == settings
    assert listed.parameters == {"user": "provedor", "base_url": "http://127.0.0.1"}


def test_secret_is_encrypted_and_shows_neither_in_the_record_nor_in_the_trail(empty_app: AppFixture) -> None:
    made = register(empty_app, parameters={"user": "provedor", "password": "tR0ub4dor"})

    stored = empty_app.integrations.get(ANA, made)
    assert empty_app.ports.vault.decrypt(stored.encrypted_parameters["password"]) == "tR0ub4dor"
    assert "tR0ub4dor" not in repr(stored)
    assert "tR0ub4dor" not in repr(empty_app.audit())
    assert empty_app.audit()[0].after["parameter.password"] == "***"


def test_gateway_gets_the_decrypted_secret(app: AppFixture) -> None:
    assert app.bureau.created_with[-1]["password"] == "secret"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"gateway": "spc"}, "gateway_desconhecido"),
        ({"creditor_id": "9"}, "empresa_desconhecida"),
        ({"description": "  "}, "descricao_obrigatoria"),
        ({"settings": IntegrationSettings(rate_per_second=float("nan"))}, "ajuste_invalido"),
        ({"parameters": {"user": "provedor"}}, "parametro_obrigatorio"),
        ({"parameters": {"user": "provedor", "password": "secret", "senha": "x"}}, "parametro_desconhecido"),
    ],
)
def test_wrong_value_is_refused_by_its_name_and_nothing_is_stored(
    empty_app: AppFixture, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register(empty_app, ANA, **changes)
    assert refused.value.code == code
    assert not empty_app.integrations.list(ANA)
    assert not empty_app.audit()


@pytest.mark.parametrize("actor", [OPERATOR, ATTENDANT, ELSEWHERE, SYSTEM], ids=lambda actor: actor.id)
def test_actor_without_permission_for_the_creditor_registers_nothing(empty_app: AppFixture, actor: Actor) -> None:
    with pytest.raises(PermissionDenied):
        register(empty_app, actor)
    assert not empty_app.audit()


def test_creditors_are_those_of_the_erp_that_the_actor_sees(empty_app: AppFixture) -> None:
    empty_app.erp.other_creditors.append(Creditor("2", Cnpj("12ABC34501DE35"), "FILIAL", "SP"))
    assert [creditor.id for creditor in empty_app.integrations.creditors(ANA)] == ["1", "2"]
    assert [creditor.id for creditor in empty_app.integrations.creditors(ELSEWHERE)] == ["2"]


def test_integration_of_another_creditor_does_not_exist_for_the_actor(app: AppFixture) -> None:
    assert not app.integrations.list(ELSEWHERE)
    for read in (app.integrations.get, app.integrations.products, app.integrations.natures):
        with pytest.raises(NotFound):
            read(ELSEWHERE, app.integration_id)
    with pytest.raises(NotFound):
        app.integrations.delete(ELSEWHERE, app.integration_id)


# ------------------------------------------------------------------------------------------------ edit


def test_secret_left_blank_on_edit_stays(app: AppFixture) -> None:
    before = app.integrations.get(ANA, app.integration_id)
    after = app.integrations.edit(ANA, app.integration_id, parameters={"user": "outro", "password": " "})
    assert after.encrypted_parameters == before.encrypted_parameters
    assert after.parameters["user"] == "outro"


def test_new_secret_on_edit_is_encrypted_and_creates_a_new_gateway(app: AppFixture) -> None:
    after = app.integrations.edit(ANA, app.integration_id, parameters={"password": "n0va"})
    assert app.ports.vault.decrypt(after.encrypted_parameters["password"]) == "n0va"
    assert after.parameters["user"] == "provedor"  # what was not given stays
    with pytest.raises(CredentialsRejected):
        app.integrations.test(ANA, app.integration_id)
    assert app.bureau.created_with[-1]["password"] == "n0va"
    assert app.bureau.close_count == 1
    assert "n0va" not in repr(app.audit())


def test_edit_changes_only_what_is_given_and_the_trail_shows_before_and_after(app: AppFixture) -> None:
    app.integrations.edit(ANA, app.integration_id, description="Filial")
    app.integrations.edit(
        ANA, app.integration_id, settings=IntegrationSettings(grouped=True, reuse=ReuseWindow(30, ReuseMode.BLOCK))
    )
    stored = app.integrations.get(ANA, app.integration_id)
    assert (stored.description, stored.settings.grouped, stored.parameters["user"]) == ("Filial", True, "provedor")
    first, second = [entry for entry in app.audit() if entry.act == "integration.edit"]
    assert (first.before["description"], first.after["description"]) == ("Conta da matriz", "Filial")
    assert (second.before["grouped"], second.after["grouped"]) == ("False", "True")
    assert second.before["reuse"] != second.after["reuse"]


@pytest.mark.parametrize(
    "changes",
    [
        {"description": " "},
        {"parameters": {"senha": "x"}},
        {"parameters": {"user": ""}},
        {"settings": IntegrationSettings(rate_per_second=float("inf"))},
    ],
    ids=str,
)
def test_refused_edit_changes_nothing(app: AppFixture, changes: dict[str, object]) -> None:
    before, trail = app.integrations.get(ANA, app.integration_id), app.acts()
    with pytest.raises(InvalidInput):
        app.integrations.edit(ANA, app.integration_id, **changes)  # type: ignore[arg-type] # wrong on purpose
    assert app.integrations.get(ANA, app.integration_id) == before
    assert app.acts() == trail


def test_new_parameters_end_a_pause_and_wake_the_workers(app: AppFixture) -> None:
    pause(app)
    app.queue.woken.clear()
    after = app.integrations.edit(ANA, app.integration_id, parameters={"password": "secret"})
    assert (after.paused_until, after.pause_reason) == (None, "")
    assert app.queue.woken == [None]


# ------------------------------------------------------------------------------------------------ test, synchronise


def test_successful_test_authenticates_and_ends_a_pause(app: AppFixture) -> None:
    pause(app)
    app.integrations.test(ANA, app.integration_id)
    assert "check" in app.bureau.calls
    assert app.integrations.get(ANA, app.integration_id).paused_until is None
    assert app.acts()[-1] == "integration.test"


def test_failed_test_says_why_and_keeps_the_pause(app: AppFixture) -> None:
    pause(app)
    app.bureau.password = "another"
    with pytest.raises(CredentialsRejected, match="recusou a senha"):
        app.integrations.test(ANA, app.integration_id)
    assert app.integrations.get(ANA, app.integration_id).paused_until is not None
    assert "integration.test" not in app.acts()


def test_synchronisation_adds_updates_and_marks_as_gone_and_never_deletes(app: AppFixture) -> None:
    real = app.bureau.products()
    basic, score, inclusion = real
    app.bureau.catalogue = [replace(basic, price=Money(300)), inclusion, replace(score, code="NEW")]
    result = app.integrations.synchronise(ANA, app.integration_id)

    assert (result.added, result.updated, result.gone) == (("NEW",), ("BASIC",), ("SCORE",))
    assert [product.code for product in app.integrations.products(ANA, app.integration_id)] == ["BASIC", "INC", "NEW"]
    everything = app.integrations.products(ANA, app.integration_id, all_of_them=True)
    assert {product.code: product.gone_at is not None for product in everything} == {
        "BASIC": False,
        "INC": False,
        "NEW": False,
        "SCORE": True,
    }
    assert app.audit()[-1].after == {"added": "NEW", "updated": "BASIC", "gone": "SCORE"}


def test_returned_product_is_offered_again_and_hidden_one_stays_hidden(app: AppFixture) -> None:
    everything = app.bureau.products()
    app.integrations.remove_products(ANA, app.integration_id, ["INC"])
    app.bureau.catalogue = [product for product in everything if product.code != "SCORE"]
    app.integrations.synchronise(ANA, app.integration_id)
    app.bureau.catalogue = everything
    app.integrations.synchronise(ANA, app.integration_id)
    assert [one.code for one in app.integrations.products(ANA, app.integration_id)] == ["BASIC", "SCORE"]


def test_synchronisation_fetches_natures_and_reasons_too(app: AppFixture) -> None:
    assert [nature.code for nature in app.integrations.natures(ANA, app.integration_id)] == ["DEV", "DUP", "OUT"]
    assert len(app.integrations.reasons(ANA, app.integration_id)) == 10


def test_unreadable_bureau_changes_nothing(app: AppFixture) -> None:
    before, trail = app.integrations.products(ANA, app.integration_id), app.acts()
    app.bureau.fail_next("products", BureauUnavailable("O birô não respondeu."))
    with pytest.raises(BureauUnavailable):
        app.integrations.synchronise(ANA, app.integration_id)
    assert app.integrations.products(ANA, app.integration_id) == before
    assert app.acts() == trail


# ------------------------------------------------------------------------------------------------ products off


def test_several_products_are_hidden_at_once(app: AppFixture) -> None:
    assert app.integrations.remove_products(ANA, app.integration_id, ["BASIC", "SCORE"]) == 2
    assert [one.kind for one in app.integrations.products(ANA, app.integration_id)] == [ProductKind.INCLUSION]
    assert app.audit()[-1].after == {"codes": "BASIC, SCORE"}


def test_unknown_product_hides_none(app: AppFixture) -> None:
    trail = app.acts()
    with pytest.raises(NotFound, match="NONE"):
        app.integrations.remove_products(ANA, app.integration_id, ["BASIC", "NONE"])
    assert len(app.integrations.products(ANA, app.integration_id)) == 3
    assert app.acts() == trail


# ------------------------------------------------------------------------------------------------ deactivate, delete


def test_inactive_integration_refuses_queries_and_inclusions(app: AppFixture) -> None:
    assert not app.integrations.set_active(ANA, app.integration_id, active=False).active
    with pytest.raises(RuleViolation) as query:
        app.query()
    with pytest.raises(RuleViolation) as inclusion:
        app.negativate()
    assert query.value.code == inclusion.value.code == "integracao_inativa"
    assert not app.bureau.records


def test_inactive_integration_still_removes(app: AppFixture) -> None:
    included = app.included("i1")
    app.integrations.set_active(ANA, app.integration_id, active=False)
    app.paid("i1")
    assert [due.negativation_id for due in app.transmissions.due(10)] == [included.id]
    assert app.work(included).observed is Observed.GONE


def test_pending_inclusion_waits_while_the_integration_is_inactive(app: AppFixture) -> None:
    waiting = app.negativate("i1")
    app.integrations.set_active(ANA, app.integration_id, active=False)
    assert not app.transmissions.due(10)
    assert app.perform(waiting) is None
    assert "include" not in app.bureau.calls

    app.queue.woken.clear()
    app.integrations.set_active(ANA, app.integration_id, active=True)
    assert app.queue.woken == [None]
    assert app.work(waiting).observed is Observed.PRESENT
    assert [act for act in app.acts(app.integration_id) if "activate" in act] == [
        "integration.deactivate",
        "integration.activate",
    ]


def test_integration_with_open_negativations_is_not_deleted(app: AppFixture) -> None:
    app.included("i1")
    with pytest.raises(Conflict) as refused:
        app.integrations.delete(ANA, app.integration_id)
    assert refused.value.code == "integracao_com_negativacoes"
    assert "integration.delete" not in app.acts()


def test_deleted_integration_is_not_listed_and_its_history_stays(app: AppFixture) -> None:
    removed = app.included("i1")
    app.negativations.delete(ANA, removed.id)
    app.work(removed)
    query = app.query()
    app.integrations.delete(ANA, app.integration_id)

    assert not app.integrations.list(ANA)
    with pytest.raises(NotFound):
        app.integrations.get(ANA, app.integration_id)
    with pytest.raises(NotFound):
        app.negativate("i2")
    assert app.negativations.history(ANA, removed.id)
    assert app.queries.open(ANA, query)[0].id == query
    assert app.acts(app.integration_id)[-1] == "integration.delete"


def test_creation_is_refused_when_the_integration_is_deleted_during_it(app: AppFixture) -> None:
    def delete_meanwhile(reading: str) -> None:
        if reading == "holds":
            app.erp.before = lambda _: None
            app.integrations.delete(ANA, app.integration_id)

    app.erp.before = delete_meanwhile
    with pytest.raises(NotFound, match="excluída"):
        app.negativate("i1")
    assert not app.negativations.list(ANA).items


@pytest.mark.parametrize(
    "act",
    ["edit", "test", "synchronise", "remove_products", "set_active", "delete"],
)
def test_actor_without_permission_changes_nothing(app: AppFixture, act: str) -> None:
    before, trail, calls = app.integrations.get(ANA, app.integration_id), app.acts(), len(app.bureau.calls)
    extra: dict[str, dict[str, object]] = {"remove_products": {"codes": ["BASIC"]}, "set_active": {"active": False}}
    with pytest.raises(PermissionDenied):
        getattr(app.integrations, act)(OPERATOR, app.integration_id, **extra.get(act, {}))
    assert Permission.CONFIGURE not in OPERATOR.permissions
    assert app.integrations.get(ANA, app.integration_id) == before
    assert app.acts() == trail
    assert len(app.bureau.calls) == calls


def pause(empty_app: AppFixture) -> None:
    """As a worker leaves it after refused credentials."""
    with empty_app.storage.unit() as unit:
        stored = unit.integrations.get(empty_app.integration_id)
        until = empty_app.clock.now() + timedelta(hours=1)
        unit.integrations.save(replace(stored, paused_until=until, pause_reason="O birô recusou as credenciais."))
        unit.commit()


def test_fake_clock_is_on_a_tuesday(empty_app: AppFixture) -> None:
    assert empty_app.ports.today(empty_app.erp.creditor) == TODAY
