"""An integration: one configured account at one bureau gateway, of one creditor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from credit_protection.domain.divergences import DivergencePolicies
from credit_protection.domain.errors import Conflict, InvalidInput, RuleViolation
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.instants import FARTHEST_PAUSE, has_come, is_ahead
from credit_protection.domain.money import ZERO
from credit_protection.domain.places import STATES
from credit_protection.domain.reasons import ReasonMap
from credit_protection.domain.removal_policy import RemovalPolicy

_DAYS_OF_A_YEAR = 365
_MOST_DAYS = 3_650
_MOST_AVAILABILITY_DAYS = 10


class Environment(StrEnum):
    """Where the gateway has both; else always production."""

    PRODUCTION = "production"
    TEST = "test"


class ReuseMode(StrEnum):
    """What happens when a recent answer about the same document and product is stored."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class ReuseWindow:
    """For how many days a stored answer is offered instead of a new payment (0: never)."""

    days: int = 0
    mode: ReuseMode = ReuseMode.WARN


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """What an operator sets besides the gateway's parameters.

    Args:
        grouped: one record covers the chosen invoices of a subscription, where the gateway can.
        rate_per_second: calls per second at most, over all workers; None for no limit.
        divergences: what is done about a divergence that no person decides about.
        owns_transmission: whether this software transmits (False while the ERP itself still does).
        shared_account: whether others use the account at the bureau too: unknown records are only counted.
        foreign_contract_prefixes: contracts at the bureau that begin so are not ours.
    """

    environment: Environment = Environment.PRODUCTION
    removal_policy: RemovalPolicy = RemovalPolicy()
    guards: GuardSettings = GuardSettings()
    reuse: ReuseWindow = ReuseWindow()
    grouped: bool = False
    rate_per_second: float | None = None
    divergences: DivergencePolicies = DivergencePolicies()
    owns_transmission: bool = True
    shared_account: bool = False
    foreign_contract_prefixes: tuple[str, ...] = ()


def require_valid_settings(settings: IntegrationSettings) -> None:
    """Require that every number can be meant: to be called before settings are stored; stored ones stay readable.

    Raises:
        InvalidInput: a rate that is not finite and above zero, a negative tolerance or percentage, days below zero or
            above ten years, a notice term of no state or above a year, or a minimum delay that leaves no invoice before
            the maximum age. `field` is the setting.
    """
    guards, policy, rate = settings.guards, settings.removal_policy, settings.rate_per_second
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise _invalid_setting("rate_per_second", "não é um limite de chamadas. Use um número acima de zero.")
    if policy.tolerance < ZERO:
        raise _invalid_setting("removal_tolerance", "a tolerância da quitação não pode ser negativa. Use zero ou mais.")
    for name, percent in (
        ("fine_percent", guards.fine_percent),
        ("monthly_interest_percent", guards.monthly_interest_percent),
    ):
        if not percent.is_finite() or percent < 0:
            raise _invalid_setting(name, "multa e juros são uma porcentagem. Use zero ou mais.")
    for name, days in (
        ("reuse_days", settings.reuse.days),
        ("deletion_days", policy.deletion_days),
        ("minimum_days_late", guards.minimum_days_late),
        ("age_margin_days", guards.age_margin_days),
        ("notice_days", guards.notice_days),
    ):
        if not 0 <= days <= _MOST_DAYS:
            raise _invalid_setting(name, f"o número de dias está fora do limite. Use de 0 a {_MOST_DAYS}.")
    if not 0 <= policy.availability_limit <= _MOST_AVAILABILITY_DAYS:
        text = f"o prazo de disponibilidade está fora do limite. Use de 0 a {_MOST_AVAILABILITY_DAYS} dias úteis."
        raise _invalid_setting("availability_limit", text)
    _require_valid_notice_terms(guards)
    if guards.minimum_days_late + guards.age_margin_days >= guards.maximum_age_years * _DAYS_OF_A_YEAR:
        raise _invalid_setting(
            "minimum_days_late",
            f"o atraso mínimo e a margem antes dos {guards.maximum_age_years} anos não deixam fatura que se possa "
            "negativar. Reduza um deles.",
        )


def _require_valid_notice_terms(guards: GuardSettings) -> None:
    for state, days in guards.notice_days_by_state.items():
        if state not in STATES:
            raise _invalid_setting(
                "notice_days_by_state", f"a UF {state!r} não existe. Use a sigla de um estado em maiúsculas, como SP."
            )
        if not 0 <= days <= _DAYS_OF_A_YEAR:
            raise _invalid_setting(
                "notice_days_by_state", f"o prazo de {state} está fora do limite. Use de 0 a {_DAYS_OF_A_YEAR} dias."
            )


def _invalid_setting(name: str, message: str) -> InvalidInput:
    return InvalidInput(f"Ajuste {name}: {message}", field=name, code="ajuste_invalido")


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration (integração).

    Args:
        gateway: the gateway's code (`credito_na_medida`).
        encrypted_parameters: the secret ones, encrypted by the vault.
        active: inactive blocks queries and inclusions only; removals go on.
        paused_until: no call before this instant, then one probe (circuit breaker, shared by all processes).
        failing_negativation_ids: the last different ones whose calls failed since the last answer.
        consecutive_pauses: since the last answer.
        paused_since: when the first of them began.
        paused_at: when the present pause was set.
        reason_map: the bureau's codes for our removal reasons.
        deleted_at: instant, UTC; a deleted one is kept for its history.
    """

    id: str
    gateway: str
    description: str
    creditor_id: str
    parameters: Mapping[str, str]
    encrypted_parameters: Mapping[str, str]
    created_at: datetime
    active: bool = True
    settings: IntegrationSettings = IntegrationSettings()
    paused_until: datetime | None = None
    pause_reason: str = ""
    deleted_at: datetime | None = None
    version: int = 1
    failing_negativation_ids: tuple[str, ...] = ()
    consecutive_pauses: int = 0
    paused_since: datetime | None = None
    reason_map: ReasonMap = ReasonMap()
    paused_at: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether no call may be made at this instant; a pause that a wrong clock set ahead keeps nothing waiting."""
        if self.paused_until is None or has_come(self.paused_until, now, FARTHEST_PAUSE):
            return False
        return self.paused_at is None or not is_ahead(self.paused_at, now)

    def require_active(self) -> None:
        """Require that queries and inclusions are allowed.

        Raises:
            RuleViolation: it is inactive or deleted.
        """
        if self.deleted_at is not None or not self.active:
            raise RuleViolation(
                f"A integração {self.description!r} está inativa: consultas e inclusões estão bloqueadas. "
                "Ative-a ou escolha outra.",
                code="integracao_inativa",
            )

    def require_ownership(self) -> None:
        """Require that this software transmits for it: two transmitters would send the same record twice.

        Raises:
            RuleViolation: the ERP itself still transmits.
        """
        if not self.settings.owns_transmission:
            raise RuleViolation(
                f"Na integração {self.description!r} quem transmite é o ERP. Passe a transmissão para cá antes: "
                "credit-protection integration edit --set owns_transmission=true.",
                code="transmissao_do_erp",
            )


def require_deletable(integration: Integration, open_negativations: int) -> None:
    """Require that it has no open negativation.

    Raises:
        Conflict: open negativations need it for their removal.
    """
    if open_negativations:
        raise Conflict(
            f"A integração {integration.description!r} tem {open_negativations} negativação(ões) em aberto e não pode "
            "ser excluída. Remova-as antes, ou apenas desative a integração: as remoções continuam.",
            code="integracao_com_negativacoes",
        )
