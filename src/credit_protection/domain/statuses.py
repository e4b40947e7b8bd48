"""The one status that an operator reads, and what the removal queue shows."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from credit_protection.domain.negativations import Negativation
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Desired, Observed


class Status(StrEnum):
    """The one status that an operator reads; the value is the Portuguese text."""

    WAITING = "aguardando envio"
    SENT = "enviada"
    NOTICE = "em prazo de aviso"
    NEGATIVATED = "negativada"
    REFUSED = "recusada"
    REMOVAL_QUEUED = "na fila de remoção"
    REMOVAL_SENT = "remoção enviada"
    REMOVED = "removida"
    CANCELLED = "cancelada antes do envio"
    REMOVED_BY_BUREAU = "removida pelo birô"
    CHECKING = "em verificação"
    NEEDS_PERSON = "precisa de você"


def status(negativation: Negativation, today: date) -> Status:
    """Make the operator's status from desired, observed and, for the notice term, the creditor's date."""
    work = negativation.transmission
    if work.is_open and (work.block is not None or work.action is Action.ASK_PERSON):
        return Status.NEEDS_PERSON
    removing = negativation.desired is Desired.REMOVED
    match negativation.observed:
        case Observed.ABSENT:
            return Status.CANCELLED if removing else Status.WAITING
        case Observed.IN_DOUBT_INCLUDE | Observed.IN_DOUBT_REMOVE:
            return Status.CHECKING
        case Observed.INCLUDING:
            return Status.REMOVAL_QUEUED if removing else Status.SENT
        case Observed.PRESENT if removing:
            return Status.REMOVAL_QUEUED
        case Observed.PRESENT:
            published = negativation.published_on
            return Status.NOTICE if published is not None and today < published else Status.NEGATIVATED
        case Observed.REMOVING:
            return Status.REMOVAL_SENT
        case Observed.REJECTED:
            return Status.REFUSED
        case Observed.GONE:
            by_bureau = all(trigger.cause is RemovalCause.BUREAU for trigger in negativation.triggers)
            return Status.REMOVED_BY_BUREAU if by_bureau else Status.REMOVED


def is_in_removal_queue(negativation: Negativation) -> bool:
    """Whether it waits in the removal queue: open, and removal is desired."""
    return negativation.transmission.is_open and negativation.desired is Desired.REMOVED
