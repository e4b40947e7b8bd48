"""No debt stays on file longer than five years."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.debt_age import DebtAge
from credit_protection.domain.divergences import Decision, DivergenceCode
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.state_table import Desired, Observed
from tests.application.app import ANA, DAY, TODAY

if TYPE_CHECKING:
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

OLD = TODAY.replace(year=TODAY.year - 5) + 40 * DAY


def old_debt(app: AppFixture) -> Negativation:
    """A debt that is five years old in 40 days."""
    settings = IntegrationSettings(guards=GuardSettings(age_margin_days=0))
    app.integrations.edit(ANA, app.integration_id, settings=settings)
    app.erp.add_invoice("old", "c1", OLD)
    return app.included("old")


def check(app: AppFixture, days: int) -> int:
    app.later(timedelta(days=days))
    return DebtAge(app.ports).check()


def test_debt_is_shown_thirty_days_before_and_removed_on_the_day(app: AppFixture) -> None:
    included = old_debt(app)
    assert check(app, 9) == 0
    assert not app.divergences.list(ANA).items
    assert check(app, 1) == 0
    (shown,) = app.divergences.list(ANA).items
    assert (shown.code, shown.negativation_id) == (DivergenceCode.FIVE_YEARS, included.id)
    assert check(app, 29) == 0
    assert app.get(included).desired is Desired.INCLUDED
    assert check(app, 1) == 1
    changed = app.get(included)
    assert (changed.desired, changed.deadline) == (Desired.REMOVED, app.clock.now().date())
    assert app.work(included).observed is Observed.GONE


def test_age_is_checked_once_a_day_and_requests_once(app: AppFixture) -> None:
    included = old_debt(app)
    assert check(app, 60) == 1
    assert check(app, 0) == check(app, 1) == 0
    assert [each.code for each in app.get(included).triggers] == ["cinco_anos"]
    assert app.event_kinds(included).count("removal_wanted") == 1


def test_reading_does_not_lift_the_removal_by_age(app: AppFixture) -> None:
    included = old_debt(app)
    check(app, 60)
    app.sweep.run()
    app.later(timedelta(hours=5))
    app.sweep.run()
    assert app.get(included).desired is Desired.REMOVED


def test_person_cannot_keep_a_debt_beyond_its_age(app: AppFixture) -> None:
    old_debt(app)
    check(app, 20)
    (shown,) = app.divergences.list(ANA).items
    with pytest.raises(InvalidInput):
        app.divergences.decide(ANA, shown.id, Decision.KEEP, remark="o cliente ainda deve")


def test_integration_whose_gateway_is_missing_blocks_no_other(app: AppFixture) -> None:
    app.negativate("i1")
    lost = app.integration_id
    app.register(description="Outra conta")
    included = old_debt(app)
    with app.storage.unit() as unit:
        unit.integrations.save(replace(unit.integrations.get(lost), gateway="uninstalled"))
        unit.commit()
    assert check(app, 60) == 1
    assert app.get(included).desired is Desired.REMOVED
