"""Columns derived from a negativation, so that queues are read from an index."""

from datetime import date
from enum import StrEnum

from credit_protection.domain.adoption import DUPLICATE_PREFIX
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.state_table import Action
from credit_protection.domain.statuses import is_in_removal_queue


def unique_reference(negativation: Negativation) -> str:
    """What is unique: our own references, and an adopted one's key within its integration.

    Earlier systems gave several records one contract reference; only document and due date distinguish them. One that
    stands once more under the key of another has only its own id.
    """
    if not negativation.is_adopted:
        return negativation.reference
    covered = negativation.invoices[0].invoice_id
    integration_id = negativation.integration_id
    if covered.startswith(DUPLICATE_PREFIX):
        integration_id = f"{integration_id}:{covered}"
    return adopted_reference(integration_id, negativation.document.value, negativation.reference, negativation.due_date)


def adopted_reference(integration_id: str, document: str, reference: str, due_date: date | None) -> str:
    """The key of an adopted one; the reference comes last, since it may contain any character."""
    return "|".join((integration_id, document, "" if due_date is None else due_date.isoformat(), reference))


def bureau_reference(unique: str, *, is_adopted: bool) -> str:
    """The reference at the bureau."""
    return unique.split("|", 3)[3] if is_adopted else unique


class QueueName(StrEnum):
    """The queue of an open transmission."""

    REMOVAL = "removal"
    INCLUSION = "inclusion"


class WaitState(StrEnum):
    """The next to act on an open transmission."""

    WORKER = "worker"
    PERSON = "person"
    BUREAU = "bureau"


def queue_name(negativation: Negativation) -> QueueName | None:
    """Its queue; None where its transmission is not open."""
    if not negativation.transmission.is_open:
        return None
    return QueueName.REMOVAL if is_in_removal_queue(negativation) else QueueName.INCLUSION


def wait_state(negativation: Negativation) -> WaitState | None:
    """The next to act; None where its transmission is not open."""
    transmission = negativation.transmission
    if not transmission.is_open:
        return None
    if transmission.block is not None or transmission.action is Action.ASK_PERSON:
        return WaitState.PERSON
    return WaitState.WORKER if transmission.action.is_call else WaitState.BUREAU
