"""The one status that an operator reads, and what the removal queue shows."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from credit_protection.domain.negativations import Negativation
from credit_protection.domain.removal_policy import RemovalCause
from credit_protection.domain.state_table import Action, Desired, Observed

ANSWERS_BEFORE_PERSON = 3
"""After so many answers that were not understood, a person is asked, and the attempts go on."""
NOT_UNDERSTOOD = (
    "O birô responde, e as respostas não são entendidas. As tentativas continuam, uma por hora. Leia a resposta no "
    "histórico e confira no portal do birô; se for preciso, remova lá e declare-o aqui."
)
INCLUSION_NOT_UNDERSTOOD = (
    "O birô respondeu à inclusão, e a resposta não foi entendida. Ela não será enviada de novo sem você. Leia a "
    "resposta no histórico e confira no portal do birô: mande tentar de novo se a causa foi corrigida, ou apague a "
    "negativação."
)

HELD_REASON = "depois_da_restauracao"
"""Last error of an inclusion that waits after an outage or a restore."""
CLOCK_REASON = "relogio"
"""Last error of an inclusion that waits since the clock is behind what was done already."""
CLOCK_MESSAGE = (
    "O relógio deste computador está atrás do que já foi feito: as inclusões esperam. Acerte o relógio, ou confirme "
    "que ele está certo: credit-protection restored --continue."
)
HELD_MESSAGE = (
    "Depois de uma parada ou restauração as inclusões esperam a reconciliação com o birô e a liberação de uma pessoa: "
    "credit-protection reconcile, e depois credit-protection restored --continue."
)


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


def is_asked_about(negativation: Negativation) -> bool:
    """Whether a person is asked about answers that were not understood, while the attempts go on."""
    return negativation.transmission.is_open and negativation.not_understood >= ANSWERS_BEFORE_PERSON


def awaits_person(negativation: Negativation) -> bool:
    """Whether a person is asked: attempts are stopped, only a person can find out, or answers are not understood."""
    work = negativation.transmission
    is_stopped = work.is_open and (work.block is not None or work.action is Action.ASK_PERSON)
    return is_stopped or is_asked_about(negativation)


def question(negativation: Negativation) -> str | None:
    """What a person is asked, where something is said about it: one Portuguese sentence or more."""
    block = negativation.transmission.block
    if block is not None:
        return block.message
    if negativation.inclusion_not_understood and negativation.transmission.action is Action.ASK_PERSON:
        return INCLUSION_NOT_UNDERSTOOD
    work = negativation.transmission
    if work.action is Action.INCLUDE and work.last_error == HELD_REASON:
        return HELD_MESSAGE
    if work.action is Action.INCLUDE and work.last_error == CLOCK_REASON:
        return CLOCK_MESSAGE
    return NOT_UNDERSTOOD if is_asked_about(negativation) else None


def status(negativation: Negativation, today: date) -> Status:
    """Make the operator's status from desired, observed and, for the notice term, the creditor's date."""
    if awaits_person(negativation):
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
