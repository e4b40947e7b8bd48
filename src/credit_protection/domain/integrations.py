"""An integration: one configured account at one bureau gateway, of one creditor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.removal_policy import RemovalPolicy


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
        owns_transmission: whether this software transmits (False while the ERP itself still does).
    """

    environment: Environment = Environment.PRODUCTION
    removal_policy: RemovalPolicy = RemovalPolicy()
    guards: GuardSettings = GuardSettings()
    reuse: ReuseWindow = ReuseWindow()
    grouped: bool = False
    rate_per_second: float | None = None
    owns_transmission: bool = True


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

    def is_paused(self, now: datetime) -> bool:
        """Whether no call may be made at this instant."""
        return self.paused_until is not None and now < self.paused_until

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
