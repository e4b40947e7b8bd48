from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.domain.capabilities import Backoff, Capabilities, Registry
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.integrations import (
    Environment,
    Integration,
    IntegrationSettings,
    ReuseMode,
    ReuseWindow,
    require_deletable,
    require_valid_settings,
)
from credit_protection.domain.money import Money
from credit_protection.domain.places import STATES
from credit_protection.domain.removal_policy import RemovalPolicy
from credit_protection.testing.strategies import NOW, capabilities, integrations
from tests.domain.message_checks import assert_says_what_to_do

PLAIN = Integration("i1", "spc_brasil", "Birô da matriz", "cr1", {}, {}, NOW)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        *((IntegrationSettings(rate_per_second=rate), "rate_per_second") for rate in (0.0, -1.0, float("inf"))),
        (IntegrationSettings(rate_per_second=float("nan")), "rate_per_second"),
        (IntegrationSettings(removal_policy=RemovalPolicy(tolerance=Money(-1))), "removal_tolerance"),
        (IntegrationSettings(removal_policy=RemovalPolicy(deletion_days=-1)), "deletion_days"),
        (IntegrationSettings(removal_policy=RemovalPolicy(availability_limit=-1)), "availability_limit"),
        (IntegrationSettings(removal_policy=RemovalPolicy(availability_limit=11)), "availability_limit"),
        (IntegrationSettings(reuse=ReuseWindow(3_651)), "reuse_days"),
        *((IntegrationSettings(guards=GuardSettings(fine_percent=Decimal(x))), "fine_percent") for x in ("NaN", "-1")),
        (
            IntegrationSettings(guards=GuardSettings(monthly_interest_percent=Decimal(-1))),
            "monthly_interest_percent",
        ),
        (IntegrationSettings(guards=GuardSettings(notice_days=-1)), "notice_days"),
        *(
            (IntegrationSettings(guards=GuardSettings(notice_days_by_state=terms)), "notice_days_by_state")
            for terms in ({"XX": 20}, {"sp": 20}, {"": 20}, {"MG": 10, "SP": -1}, {"SP": 366})
        ),
        (IntegrationSettings(guards=GuardSettings(age_margin_days=-1)), "age_margin_days"),
        *((IntegrationSettings(guards=GuardSettings(n)), "minimum_days_late") for n in (-1, 10**9, 5 * 365 - 30)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_setting_that_cannot_be_meant_is_refused_with_what_to_do(settings: IntegrationSettings, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        require_valid_settings(settings)
    assert (refused.value.field, refused.value.code) == (field, "ajuste_invalido")
    assert_says_what_to_do(refused.value.message)


def test_settings_up_to_their_limits_are_valid() -> None:
    require_valid_settings(IntegrationSettings())
    require_valid_settings(IntegrationSettings(rate_per_second=0.1, guards=GuardSettings(5 * 365 - 31)))
    require_valid_settings(IntegrationSettings(removal_policy=RemovalPolicy(tolerance=Money(0), deletion_days=0)))


def test_every_state_may_have_a_notice_term() -> None:
    assert len(STATES) == 27
    terms = dict.fromkeys(STATES, 365) | {"SP": 0}
    require_valid_settings(IntegrationSettings(guards=GuardSettings(notice_days_by_state=terms)))


def test_equal_settings_have_one_hash() -> None:
    one, other = (IntegrationSettings(guards=GuardSettings(notice_days_by_state={"SP": 30})) for _ in range(2))
    assert hash(one) == hash(other)
    assert len({one, other, IntegrationSettings()}) == 2


def test_new_integration_is_active_in_production_with_the_safe_defaults() -> None:
    assert PLAIN.settings.environment is Environment.PRODUCTION
    assert PLAIN.active
    assert PLAIN.settings.removal_policy == RemovalPolicy()
    assert PLAIN.settings.guards == GuardSettings()
    assert PLAIN.settings.reuse == ReuseWindow(0, ReuseMode.WARN)
    assert not PLAIN.settings.grouped
    assert PLAIN.settings.owns_transmission
    assert not PLAIN.is_paused(NOW)
    PLAIN.require_active()


@pytest.mark.parametrize("stopped", [replace(PLAIN, active=False), replace(PLAIN, deleted_at=NOW)])
def test_inactive_or_deleted_integration_refuses_queries_and_inclusions(stopped: Integration) -> None:
    with pytest.raises(RuleViolation) as caught:
        stopped.require_active()

    assert caught.value.code == "integracao_inativa"
    assert caught.value.findings == ()
    assert caught.value.message == (
        "A integração 'Birô da matriz' está inativa: consultas e inclusões estão bloqueadas. Ative-a ou escolha outra."
    )
    assert_says_what_to_do(caught.value.message)


def test_pause_ends_at_its_instant() -> None:
    paused = replace(PLAIN, paused_until=NOW)

    assert paused.is_paused(NOW - timedelta(microseconds=1))
    assert not paused.is_paused(NOW)


def test_integration_with_open_negativations_cannot_be_deleted() -> None:
    require_deletable(PLAIN, 0)
    with pytest.raises(Conflict) as caught:
        require_deletable(PLAIN, 3)

    assert caught.value.code == "integracao_com_negativacoes"
    assert caught.value.message == (
        "A integração 'Birô da matriz' tem 3 negativação(ões) em aberto e não pode ser excluída. Remova-as antes, ou "
        "apenas desative a integração: as remoções continuam."
    )
    assert_says_what_to_do(caught.value.message)


@given(integrations(), st.integers(-7200, 7200))
def test_activity_and_pause_are_independent(integration: Integration, seconds: int) -> None:
    instant = NOW + timedelta(seconds=seconds)
    until = integration.paused_until

    assert integration.is_paused(instant) is (until is not None and instant < until)
    if integration.active:
        integration.require_active()
    else:
        with pytest.raises(RuleViolation):
            integration.require_active()


# ------------------------------------------------------------------------------------------------ what gateways declare


def test_quiet_period_is_the_lease_and_the_bureaus_processing() -> None:
    gateway = Capabilities(Registry.SPC, call_deadline=timedelta(seconds=30), max_processing=timedelta(minutes=5))

    assert gateway.quiet_period == timedelta(minutes=6, seconds=5)
    assert gateway.lease == timedelta(seconds=65)
    assert Backoff() == Backoff(timedelta(seconds=1), timedelta(minutes=15))


@given(capabilities())
def test_lease_is_longer_than_the_whole_call_may_take(gateway: Capabilities) -> None:
    assert gateway.lease == 2 * gateway.call_deadline + timedelta(seconds=5)
    assert gateway.lease > gateway.call_deadline


@given(capabilities())
def test_request_sent_at_the_end_of_a_lease_takes_effect_within_the_quiet_period(gateway: Capabilities) -> None:
    """A call may begin while the rest of the lease covers the whole of it, so it ends with the lease at the latest."""
    begins_at_the_latest = gateway.lease - gateway.call_deadline
    assert begins_at_the_latest + gateway.call_deadline + gateway.max_processing <= gateway.quiet_period
