"""Section 9: who may do what. Permissions and the creditor's scope."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.actors import ROLES, SYSTEM, Actor, Permission
from credit_protection.domain.errors import PermissionDenied
from credit_protection.testing.strategies import actors
from tests.domain.message_checks import assert_says_what_to_do

IN_WORDS = {
    Permission.CONFIGURE: "configurar integrações",
    Permission.QUERY: "fazer consultas de crédito",
    Permission.READ_HISTORY: "ver o histórico",
    Permission.NEGATIVATE: "negativar",
    Permission.REMOVE: "remover negativações",
    Permission.AUDIT: "ver a auditoria",
    Permission.TRANSMIT: "transmitir a fila",
    Permission.RECORD_PAYMENTS: "registrar pagamentos",
    Permission.MANAGE_USERS: "dar papéis a usuários",
}


def refusal(actor: Actor, permission: Permission, creditor_id: str | None = None) -> PermissionDenied:
    with pytest.raises(PermissionDenied) as caught:
        actor.require(permission, creditor_id)
    return caught.value


@pytest.mark.parametrize("permission", list(Permission))
def test_missing_permission_is_named_in_portuguese(permission: Permission) -> None:
    error = refusal(Actor("u1", "Rui", frozenset(Permission) - {permission}), permission)

    assert error.message == f"Rui não tem permissão para {IN_WORDS[permission]}. Peça a um administrador."
    assert error.code == "sem_permissao"
    assert error.context == {"permission": permission.value}
    assert_says_what_to_do(error.message)


def test_one_of_several_permissions_suffices_and_all_are_named_where_none_is_given() -> None:
    wanted = frozenset({Permission.QUERY, Permission.REMOVE})
    for one in wanted:
        Actor("u1", "Rui", frozenset({one})).require_any(wanted)
    with pytest.raises(PermissionDenied) as caught:
        Actor("u1", "Rui", frozenset(Permission) - wanted).require_any(wanted)
    assert caught.value.message == (
        "Rui não tem permissão para fazer consultas de crédito ou remover negativações. Peça a um administrador."
    )
    assert caught.value.context == {"permission": "query, remove"}
    assert_says_what_to_do(caught.value.message)


def test_actor_of_one_creditor_never_acts_for_another() -> None:
    bound = Actor("u1", "Rui", frozenset(Permission), frozenset({"cr1"}))
    error = refusal(bound, Permission.NEGATIVATE, "cr2")

    bound.require(Permission.NEGATIVATE, "cr1")
    bound.require(Permission.NEGATIVATE)
    assert error.message == "Rui não tem acesso a esta empresa. Peça a um administrador."
    assert error.context == {}
    assert_says_what_to_do(error.message)
    assert bound.sees("cr1")
    assert not bound.sees("cr2")


def test_roles_have_these_permissions() -> None:
    assert {
        "administrador": frozenset(Permission),
        "operador": {
            Permission.QUERY,
            Permission.READ_HISTORY,
            Permission.NEGATIVATE,
            Permission.REMOVE,
            Permission.RECORD_PAYMENTS,
        },
        "atendente": {Permission.QUERY, Permission.READ_HISTORY},
        "auditor": {Permission.READ_HISTORY, Permission.AUDIT},
        "trabalhador": {Permission.TRANSMIT, Permission.READ_HISTORY},
    } == ROLES


@pytest.mark.parametrize("role", list(ROLES))
def test_person_with_a_role_sees_all_creditors(role: str) -> None:
    assert Actor.with_role("u1", "Rui", role) == Actor("u1", "Rui", ROLES[role], None, is_person=True)


def test_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PermissionDenied) as caught:
        Actor.with_role("u1", "Rui", "chefe")

    assert caught.value.message == (
        "Não existe o papel 'chefe'. Use um destes: administrador, operador, atendente, auditor, trabalhador."
    )


def test_system_transmits_but_never_negativates_removes_or_configures() -> None:
    assert not SYSTEM.is_person
    assert SYSTEM.permissions == {Permission.TRANSMIT, Permission.RECORD_PAYMENTS, Permission.READ_HISTORY}
    assert (SYSTEM.id, SYSTEM.name, SYSTEM.creditor_ids) == ("system", "sistema", None)


@given(actors(), st.sampled_from(Permission), st.none() | st.sampled_from(["cr1", "cr2", "cr3"]))
def test_act_is_allowed_if_and_only_if_it_is_permitted_and_in_scope(
    actor: Actor, permission: Permission, creditor_id: str | None
) -> None:
    in_scope = actor.creditor_ids is None or creditor_id is None or creditor_id in actor.creditor_ids
    if permission in actor.permissions and in_scope:
        actor.require(permission, creditor_id)
    else:
        assert refusal(actor, permission, creditor_id).code == "sem_permissao"


@given(actors(Permission.AUDIT), st.sampled_from(["cr1", "x"]))
def test_unbound_actor_sees_every_creditor(actor: Actor, creditor_id: str) -> None:
    actor.require(Permission.AUDIT)
    assert replace(actor, creditor_ids=None).sees(creditor_id)
    assert not replace(actor, creditor_ids=frozenset()).sees(creditor_id)
    assert actor.is_person
