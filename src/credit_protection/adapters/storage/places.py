"""Where a negativation stands in the work, stored beside it so that queues are read from an index."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.negativations import Action, is_in_removal_queue

if TYPE_CHECKING:
    from credit_protection.domain.negativations import Negativation


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
