"""Where a negativation stands in the work, stored beside it so that queues are read from an index."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.negativations import Action, is_in_removal_queue

if TYPE_CHECKING:
    from datetime import date

    from credit_protection.domain.negativations import Negativation


def unique_reference(negativation: Negativation) -> str:
    """What of its reference lives once: our own references do; an adopted one's key within its integration does.

    Earlier systems gave several records one contract reference, told apart by document and due date.
    """
    if not negativation.is_adopted:
        return negativation.reference
    return adopted_reference(
        negativation.integration_id, negativation.document.value, negativation.reference, negativation.due_date
    )


def adopted_reference(integration_id: str, document: str, reference: str, due_date: date | None) -> str:
    """The key of an adopted one; the reference comes last, since it may hold any sign."""
    return "|".join((integration_id, document, "" if due_date is None else due_date.isoformat(), reference))


def reference_in(unique: str, *, is_adopted: bool) -> str:
    """The reference, as the bureau has it."""
    return unique.split("|", 3)[3] if is_adopted else unique


class Queue(StrEnum):
    """Which queue an open transmission stands in; none for one that is not open."""

    REMOVAL = "removal"
    INCLUSION = "inclusion"


class WaitsFor(StrEnum):
    """Who must act next on an open transmission."""

    WORKER = "worker"
    PERSON = "person"
    BUREAU = "bureau"


def queue_of(negativation: Negativation) -> Queue | None:
    """The queue that it stands in."""
    if not negativation.transmission.is_open:
        return None
    return Queue.REMOVAL if is_in_removal_queue(negativation) else Queue.INCLUSION


def waits_for(negativation: Negativation) -> WaitsFor | None:
    """Who must act next."""
    work = negativation.transmission
    if not work.is_open:
        return None
    if work.block is not None or work.action is Action.ASK_PERSON:
        return WaitsFor.PERSON
    return WaitsFor.WORKER if work.action.is_call else WaitsFor.BUREAU
