"""An edit that may leave the account where records stand: proved, stated by a person, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import BureauUnavailable, Conflict
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import ANA, AppFixture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage
    from credit_protection.domain.integrations import Environment


@dataclass
class Accounts(FakeBureau):
    """A bureau with one account for each user; a second user may reach the first one's."""

    others: dict[str, FakeBureau] = field(default_factory=dict)

    def __post_init__(self) -> None:
        FakeBureau.__init__(self, synchronous=True)

    def create(self, parameters: Mapping[str, str], environment: Environment) -> FakeBureau:
        """The account of the user; its own for `provedor` and whoever has no other."""
        super().create(parameters, environment)
        return self.others.get(parameters["user"], self)


@pytest.fixture
def bureau() -> Accounts:
    return Accounts(others={"outra": FakeBureau(synchronous=True)})


@pytest.fixture
def app(sqlite: SqlStorage, bureau: Accounts) -> AppFixture:
    tenant = AppFixture(sqlite, bureau)
    tenant.register()
    return tenant


def change_user(app: AppFixture, user: str, same_account: str = "") -> None:
    app.integrations.edit(ANA, app.integration_id, parameters={"user": user}, same_account=same_account)


def user(app: AppFixture) -> str:
    return app.integrations.get(ANA, app.integration_id).parameters["user"]


def test_same_account_under_another_user_is_proved(app: AppFixture) -> None:
    included = app.included("i1")
    change_user(app, "outro-usuario")
    assert user(app) == "outro-usuario"
    assert app.get(included).known_at is not None


def test_other_account_is_refused_whatever_a_person_states(app: AppFixture) -> None:
    included = app.included("i1")
    for statement in ("", "é a mesma"):
        with pytest.raises(Conflict) as caught:
            change_user(app, "outra", same_account=statement)
        assert caught.value.code == "conta_diferente"
    assert user(app) == "provedor"
    assert app.get(included).known_at is not None


def test_integration_without_open_negativations_may_change_its_account(app: AppFixture) -> None:
    change_user(app, "outra")
    assert user(app) == "outra"


def test_unproved_account_needs_a_statement_and_then_nothing_is_confirmed(app: AppFixture, bureau: Accounts) -> None:
    """The one standing record left the bureau meanwhile: misses under both prove nothing."""
    included = app.included("i1")
    bureau.records.clear()
    with pytest.raises(Conflict) as caught:
        change_user(app, "outra")
    assert caught.value.code == "conta_nao_comprovada"
    change_user(app, "outra", same_account="o birô confirmou por telefone")
    assert app.get(included).known_at is None
    assert "integration.same_account" in app.acts(app.integration_id)


def test_account_does_not_change_while_a_call_runs(app: AppFixture, bureau: Accounts) -> None:
    app.included("i1")
    running = app.negativate("i2")

    def during(_: str) -> None:
        bureau.before = lambda _: None
        with pytest.raises(Conflict) as caught:
            change_user(app, "outro-usuario")
        assert caught.value.code == "envio_em_andamento"

    bureau.before = during
    app.perform(running)
    assert user(app) == "provedor"


def test_bureau_that_cannot_be_asked_leaves_everything_as_it_was(app: AppFixture, bureau: Accounts) -> None:
    included = app.included("i1")
    bureau.fail_next("find", BureauUnavailable("O birô está fora do ar."))
    with pytest.raises(BureauUnavailable):
        change_user(app, "outro-usuario", same_account="é a mesma")
    assert (user(app), app.get(included).known_at is None) == ("provedor", False)


def test_edit_that_keeps_the_account_asks_nothing(app: AppFixture, bureau: Accounts) -> None:
    app.included("i1")
    asked = bureau.calls.count("find")
    app.integrations.edit(ANA, app.integration_id, parameters={"password": "nova"}, description="Conta")
    assert bureau.calls.count("find") == asked


def test_integration_whose_inclusions_were_never_sent_may_change_its_account(app: AppFixture) -> None:
    """The address was mistyped: nothing of it can stand anywhere."""
    app.negativate("i1")
    change_user(app, "outra")
    assert user(app) == "outra"


def test_removal_that_was_due_before_the_account_changed_is_looked_up_first(app: AppFixture, bureau: Accounts) -> None:
    """A removal by id must remove the right record: the new account may have another one under the id."""
    included = app.included("i1")
    app.negativations.delete(ANA, included.id)
    bureau.records.clear()
    change_user(app, "outra", same_account="o birô confirmou por telefone")
    other = bureau.others["outra"]
    other.calls.clear()
    app.perform(included)
    assert set(other.calls) == {"find"}
