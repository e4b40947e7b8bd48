"""The plan of a restore drill: what stands when the backup is made, and what happens to each debt afterwards."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class AtBackup(StrEnum):
    """How a debt stands when the backup is made."""

    FREE = "free"
    """No person has negativated it."""
    WAITING = "waiting"
    """Negativated, and nothing was sent."""
    SENT = "sent"
    """Its inclusion was accepted, and its outcome was not read."""
    INCLUDED = "included"
    PAID = "paid"
    """Included and paid: its removal is due."""
    STOPPED = "stopped"
    """The same, and a person stopped the attempts."""
    PARTLY_PAID = "partly_paid"
    REMOVING = "removing"
    """Its removal was accepted, and its outcome was not read."""
    REMOVED = "removed"
    ADOPTED = "adopted"
    """A record from before this software, adopted."""
    UNADOPTED = "unadopted"
    """The same, not adopted yet."""


class Act(StrEnum):
    """What happens to a debt between the backup and the restore."""

    REQUEST = "request"
    """A person negativates it."""
    DELETE = "delete"
    """A person deletes its negativation."""
    PAY = "pay"
    """The ERP reports the payment, and does not list it afterwards."""
    PAY_LISTED = "pay_listed"
    """The ERP lists the payment when polled."""
    CEASE = "cease"
    """The ERP cancels the invoice; only a reading of it shows that."""
    PAY_PART = "pay_part"
    REVERSE = "reverse"
    """The ERP undoes the payment and reports it."""
    WITHDRAW = "withdraw"
    """The bureau itself removes the record."""


@dataclass(frozen=True, slots=True)
class Story:
    """One debt.

    Args:
        number: of its customer and invoice.
        at_backup: how it stands then.
        acts: what happens afterwards, with the round of each, in order.
        asked_again: after the restore a person negativates it once more, before the bureau's side was read.
    """

    number: int
    at_backup: AtBackup
    acts: tuple[tuple[int, Act], ...]
    asked_again: bool = False

    @property
    def loses_reversal(self) -> bool:
        """Whether the backup knows a payment that the ERP undid afterwards, which it does not tell again."""
        return self.at_backup in _KNOWS_PAYMENT and Act.REVERSE in self.kinds

    @property
    def kinds(self) -> tuple[Act, ...]:
        """The acts alone."""
        return tuple(act for _, act in self.acts)


_STORIES: Sequence[tuple[int, AtBackup, tuple[Act, ...]]] = (
    (6, AtBackup.INCLUDED, ()),
    (4, AtBackup.INCLUDED, (Act.PAY,)),
    (3, AtBackup.INCLUDED, (Act.PAY_LISTED,)),
    (3, AtBackup.INCLUDED, (Act.CEASE,)),
    (2, AtBackup.INCLUDED, (Act.PAY_PART,)),
    (2, AtBackup.INCLUDED, (Act.PAY_PART, Act.PAY)),
    (2, AtBackup.INCLUDED, (Act.PAY, Act.REVERSE)),
    (2, AtBackup.INCLUDED, (Act.PAY, Act.REVERSE, Act.REQUEST)),
    (3, AtBackup.INCLUDED, (Act.DELETE,)),
    (3, AtBackup.INCLUDED, (Act.DELETE, Act.REQUEST)),
    (3, AtBackup.INCLUDED, (Act.WITHDRAW,)),
    (4, AtBackup.WAITING, ()),
    (2, AtBackup.WAITING, (Act.PAY,)),
    (2, AtBackup.WAITING, (Act.CEASE,)),
    (3, AtBackup.WAITING, (Act.DELETE,)),
    (2, AtBackup.WAITING, (Act.WITHDRAW,)),
    (3, AtBackup.SENT, ()),
    (2, AtBackup.SENT, (Act.PAY,)),
    (2, AtBackup.SENT, (Act.DELETE,)),
    (3, AtBackup.PAID, ()),
    (2, AtBackup.PAID, (Act.REVERSE,)),
    (1, AtBackup.STOPPED, ()),
    (2, AtBackup.STOPPED, (Act.REVERSE,)),
    (2, AtBackup.PARTLY_PAID, (Act.REVERSE,)),
    (2, AtBackup.REMOVING, ()),
    (2, AtBackup.REMOVED, ()),
    (3, AtBackup.REMOVED, (Act.REVERSE, Act.REQUEST)),
    (2, AtBackup.FREE, ()),
    (7, AtBackup.FREE, (Act.REQUEST,)),
    (3, AtBackup.FREE, (Act.REQUEST, Act.PAY)),
    (2, AtBackup.FREE, (Act.REQUEST, Act.CEASE)),
    (2, AtBackup.FREE, (Act.REQUEST, Act.DELETE)),
    (3, AtBackup.UNADOPTED, ()),
    (2, AtBackup.UNADOPTED, (Act.PAY,)),
    (2, AtBackup.UNADOPTED, (Act.DELETE,)),
    (3, AtBackup.ADOPTED, ()),
    (2, AtBackup.ADOPTED, (Act.PAY,)),
    (2, AtBackup.ADOPTED, (Act.DELETE,)),
    (2, AtBackup.ADOPTED, (Act.WITHDRAW,)),
)
_AGAIN = 0.15
_KNOWS_PAYMENT = frozenset({AtBackup.PAID, AtBackup.STOPPED, AtBackup.PARTLY_PAID, AtBackup.REMOVING, AtBackup.REMOVED})


def stories(count: int, rounds: int, seed: int) -> list[Story]:
    """So many debts. Each kind occurs where there are enough; an act of the last round meets no worker any more."""
    chance = random.Random(seed)  # noqa: S311 - a plan
    kinds = [(at_backup, acts) for _, at_backup, acts in _STORIES]
    chosen = kinds[:count] + chance.choices(kinds, [weight for weight, *_ in _STORIES], k=max(0, count - len(kinds)))
    chance.shuffle(chosen)
    made: list[Story] = []
    for number, (at_backup, acts) in enumerate(chosen):
        when = sorted(chance.sample(range(1, rounds + 1), len(acts)))
        again = acts == (Act.REQUEST,) and when[0] < rounds and chance.random() < _AGAIN
        made.append(Story(number, at_backup, tuple(zip(when, acts, strict=True)), again))
    return made
