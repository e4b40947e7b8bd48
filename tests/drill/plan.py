"""What the drill plays: who owes what, and what a person, a customer and the ERP do about it, in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INVOICES_A_CUSTOMER = 2
AMOUNT = 119_90


class Act(StrEnum):
    """What happens to one invoice."""

    CREATE = "create"
    """A person negativates it."""
    DELETE = "delete"
    """A person deletes the negativation."""
    PAY = "pay"
    """The customer pays what is open; the ERP records it in its own transaction."""
    PAY_SILENTLY = "pay_silently"
    """As by a bank return: the ERP lists the payment when it is asked, and tells nobody."""
    PAY_PART = "pay_part"
    """The customer pays a part of it."""
    ROLL_BACK = "roll_back"
    """A payment that the ERP records and rolls back: it never was."""
    REVERSE = "reverse"
    """The ERP undoes the last payment."""
    CANCEL = "cancel"
    """The ERP cancels the invoice; it shows only where the invoice is read."""


BY_A_PERSON = frozenset({Act.CREATE, Act.DELETE})


@dataclass(frozen=True, slots=True)
class Step:
    """One happening.

    Args:
        number: its place in the order.
        invoice_id: to which invoice.
        act: what.
        tells: whether the ERP wakes us after its commit, or the wake-up is lost.
        at: when, as a share of the drill in (0, 1].
    """

    number: int
    invoice_id: str
    act: Act
    tells: bool
    at: float


def invoice_ids(negativations: int) -> list[str]:
    """The invoices that are negativated: one each."""
    return [f"I{number}" for number in range(negativations)]


def steps(negativations: int, seed: int) -> list[Step]:
    """All happenings, in order. Payments come before, while and after the negativation is made and sent."""
    chance = random.Random(seed)  # noqa: S311 - a plan
    timed: list[tuple[float, str, Act]] = []
    for number, invoice_id in enumerate(invoice_ids(negativations)):
        created = 0.85 * number / negativations
        timed.append((created, invoice_id, Act.CREATE))
        moment = created + chance.choice((-0.002, 0.004, 0.02, 0.04, 0.08, 0.15)) * (0.3 + 0.7 * chance.random())
        for act in chance.choices(_STORIES, _WEIGHTS)[0]:
            timed.append((moment, invoice_id, act))
            moment += chance.choice((0.0001, 0.01, 0.08)) * (0.5 + chance.random())
    timed.sort()
    return [
        Step(number, invoice_id, act, chance.random() < 0.7, (number + 1) / len(timed))
        for number, (_, invoice_id, act) in enumerate(timed)
    ]


_TOLD: Sequence[tuple[float, tuple[Act, ...]]] = (
    (16, ()),
    (24, (Act.PAY,)),
    (8, (Act.PAY, Act.REVERSE)),
    (4, (Act.PAY, Act.REVERSE, Act.PAY)),
    (10, (Act.PAY_PART, Act.PAY)),
    (6, (Act.PAY_PART,)),
    (3, (Act.PAY_PART, Act.REVERSE)),
    (4, (Act.ROLL_BACK,)),
    (3, (Act.ROLL_BACK, Act.PAY)),
    (4, (Act.PAY_SILENTLY,)),
    (2, (Act.CANCEL,)),
    (12, (Act.DELETE,)),
    (2, (Act.PAY, Act.DELETE)),
    (2, (Act.DELETE, Act.PAY)),
)
_STORIES = [story for _, story in _TOLD]
_WEIGHTS = [weight for weight, _ in _TOLD]


def cpf(number: int) -> str:
    """A valid CPF that nobody holds in this drill but one customer."""
    digits = [int(digit) for digit in f"{900_000_000 + number}"]
    for _ in range(2):
        rest = sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    return "".join(map(str, digits))
