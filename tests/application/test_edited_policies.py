"""An edited policy decides about the open negativations again: paged, resumable, without an unbounded transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application import edited_policies
from credit_protection.application.edited_policies import EDITED_WATERMARK, EditedPolicies
from credit_protection.application.payments import Payments
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.domain.state_table import Desired
from tests.application.app import ANA, DUE, PRICE

if TYPE_CHECKING:
    from tests.application.app import AppFixture

ALL = RemovalPolicy(RemovalRule.ALL_INVOICES_SETTLED)
ANY = RemovalPolicy(RemovalRule.ANY_INVOICE_PAID)


def grouped(app: AppFixture, policy: RemovalPolicy) -> IntegrationSettings:
    app.bureau.capabilities = replace(app.bureau.capabilities, grouping=True)
    return IntegrationSettings(grouped=True, removal_policy=policy)


def edit(app: AppFixture, policy: RemovalPolicy) -> None:
    settings = replace(app.integrations.get(ANA, app.integration_id).settings, removal_policy=policy)
    app.integrations.edit(ANA, app.integration_id, settings=settings)
    app.sweep.decide_policies()


def marks(app: AppFixture) -> dict[str, str]:
    with app.storage.read_only() as unit:
        return dict(unit.watermarks.notes(EDITED_WATERMARK))


def test_trigger_all_to_any_removes_what_is_partly_paid(empty_app: AppFixture) -> None:
    empty_app.register(grouped(empty_app, ALL))
    included = empty_app.included("i1", "i2")
    empty_app.paid("i1")
    assert empty_app.get(included).desired is Desired.INCLUDED
    edit(empty_app, ANY)
    assert empty_app.get(included).desired is Desired.REMOVED
    assert marks(empty_app) == {}


def test_trigger_any_to_all_withdraws_what_was_not_sent(empty_app: AppFixture) -> None:
    empty_app.register(grouped(empty_app, ANY))
    included = empty_app.included("i1", "i2")
    empty_app.paid("i1")
    edit(empty_app, ALL)
    assert empty_app.get(included).desired is Desired.INCLUDED


def test_larger_tolerance_settles_a_part_payment(app: AppFixture) -> None:
    included = app.included("i1")
    app.paid("i1", Money(PRICE.cents - 100))
    assert app.get(included).desired is Desired.INCLUDED
    edit(app, RemovalPolicy(tolerance=Money(100)))
    app.sweep.run()
    assert app.get(included).desired is Desired.REMOVED


def test_larger_tolerance_settles_a_balance_that_only_a_reading_showed(app: AppFixture) -> None:
    included = app.included("i1")
    app.erp.invoices_by_id["i1"] = replace(app.erp.invoices_by_id["i1"], balance=Money(100))
    app.later(timedelta(hours=5))
    app.sweep.run()
    assert app.get(included).desired is Desired.INCLUDED
    edit(app, RemovalPolicy(tolerance=Money(100)))
    app.later(timedelta(minutes=1))
    app.sweep.run()
    assert app.get(included).desired is Desired.REMOVED


def test_other_settings_decide_nothing(app: AppFixture) -> None:
    app.included("i1")
    settings = app.integrations.get(ANA, app.integration_id).settings
    app.integrations.edit(ANA, app.integration_id, description="Outra", settings=replace(settings, rate_per_second=5))
    assert marks(app) == {}


def test_sweep_finishes_what_a_dead_process_left(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is done once; the mark is gone at the end."""
    monkeypatch.setattr(edited_policies, "BATCH_SIZE", 2)
    made = []
    for number in range(5):
        app.erp.add_invoice(f"m{number}", "c1", DUE, PRICE)
        made.append(app.included(f"m{number}"))
        app.paid(f"m{number}", Money(PRICE.cents - 100))
    policy = RemovalPolicy(tolerance=Money(100))
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(removal_policy=policy))
    EditedPolicies(app.ports, app.payments).run(pages=1)
    assert sum(app.get(each).desired is Desired.REMOVED for each in made) == 2
    (note,) = marks(app).values()
    assert note
    app.sweep.run()
    assert all(app.get(each).desired is Desired.REMOVED for each in made)
    assert marks(app) == {}
    assert [app.event_kinds(each).count("removal_wanted") for each in made] == [1] * 5


def test_step_that_fails_is_done_by_the_next_sweep(app: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    included = app.included("i1")
    app.paid("i1", Money(PRICE.cents - 100))
    policy = RemovalPolicy(tolerance=Money(100))
    app.integrations.edit(ANA, app.integration_id, settings=IntegrationSettings(removal_policy=policy))
    with monkeypatch.context() as failing:
        failing.setattr(Payments, "decide_again", lambda *_: 1 / 0)
        assert app.sweep.run().failed_steps == ("policies",)
    assert app.get(included).desired is Desired.INCLUDED
    app.sweep.run()
    assert app.get(included).desired is Desired.REMOVED
