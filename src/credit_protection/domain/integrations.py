"""An integration: one configured account at one bureau gateway, of one creditor."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.errors import Conflict, RuleViolation
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.removal_policy import RemovalPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Environment(StrEnum):
    """Where the gateway has both; else always production."""

    PRODUCTION = "production"
    TEST = "test"


class ReuseMode(StrEnum):
    """What happens when a newer answer about the same document and product is at hand."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class ReuseWindow:
    """For how many days an answer is offered instead of paying again (0 = never)."""

    days: int = 0
    mode: ReuseMode = ReuseMode.WARN


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration (integração).

    Args:
        id: ours.
        gateway: the gateway's code (`credito_na_medida`).
        description: what operators call it.
        creditor_id: in whose name.
        parameters: the plain ones.
        sealed: the secret ones, encrypted by the vault.
        environment: production or test.
        active: inactive blocks queries and inclusions only; removals go on.
        removal_policy: when a payment removes.
        guards: settings of the guards.
        reuse: reuse window of queries.
        grouped: one record covers the chosen invoices of a subscription, where the gateway can.
        rate_per_second: calls per second at most, over all workers; None for no limit.
        owns_transmission: whether this software transmits (False where the ERP itself still does).
        paused_until: no call before this instant, and then one to ask (the breaker; seen by all processes).
        pause_reason: Portuguese, why.
        failing: the different negativations whose calls failed in the run that goes on, the last ones.
        pauses: how many pauses such a run has made.
        paused_since: when the first of the pauses began that no answer ended yet.
        created_at: instant, UTC.
        deleted_at: instant, UTC; a deleted one is kept for its history.
        version: for optimistic locking.
    """

    id: str
    gateway: str
    description: str
    creditor_id: str
    parameters: Mapping[str, str]
    sealed: Mapping[str, str]
    created_at: datetime
    environment: Environment = Environment.PRODUCTION
    active: bool = True
    removal_policy: RemovalPolicy = field(default_factory=RemovalPolicy)
    guards: GuardSettings = field(default_factory=GuardSettings)
    reuse: ReuseWindow = ReuseWindow()
    grouped: bool = False
    rate_per_second: float | None = None
    owns_transmission: bool = True
    paused_until: datetime | None = None
    pause_reason: str = ""
    deleted_at: datetime | None = None
    version: int = 1
    failing: tuple[str, ...] = ()
    pauses: int = 0
    paused_since: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Tell whether no call may be made at this instant."""
        return self.paused_until is not None and now < self.paused_until

    def require_active(self) -> None:
        """Pass where queries and inclusions are allowed.

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
        """Pass where this software transmits for the integration: two owners would send the same thing twice.

        Raises:
            RuleViolation: the ERP itself still transmits.
        """
        if not self.owns_transmission:
            raise RuleViolation(
                f"Na integração {self.description!r} quem transmite é o ERP. Passe a transmissão para cá antes: "
                "credit-protection integration edit --set owns_transmission=true.",
                code="transmissao_do_erp",
            )


def require_deletable(integration: Integration, open_negativations: int) -> None:
    """Pass where nothing would be lost by deleting.

    Raises:
        Conflict: open negativations still need this integration for their removal.
    """
    if open_negativations:
        raise Conflict(
            f"A integração {integration.description!r} tem {open_negativations} negativação(ões) em aberto e não pode "
            "ser excluída. Remova-as antes, ou apenas desative a integração: as remoções continuam.",
            code="integracao_com_negativacoes",
        )
