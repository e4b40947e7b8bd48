"""The plan of a drill: invoices, and what a person, a customer and the ERP do about them, in order."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

INVOICES_PER_CUSTOMER = 2
AMOUNT = 119_90


class StepKind(StrEnum):
    """What happens to an invoice."""

    CREATE = "create"
    """A person negativates it."""
    DELETE = "delete"
    """A person deletes the negativation."""
    PAY = "pay"
    """The customer pays what is open; the ERP records it in its own transaction."""
    PAY_SILENTLY = "pay_silently"
    """As by a bank return: the ERP lists the payment when polled, and sends no event."""
    PAY_PART = "pay_part"
    """The customer pays a part of it."""
    ROLL_BACK = "roll_back"
    """A payment that the ERP records and rolls back."""
    REVERSE = "reverse"
    """The ERP undoes the last payment."""
    CANCEL = "cancel"
    """The ERP cancels the invoice; only a read of the invoice shows it."""


PERSON_STEPS = frozenset({StepKind.CREATE, StepKind.DELETE})


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        number: its place in the order.
        invoice_id: of its invoice.
        kind: what happens.
        wakes_us: whether the ERP wakes us after its commit, or the wake-up is lost.
        at: when, as a share of the drill in (0, 1].
    """

    number: int
    invoice_id: str
    kind: StepKind
    wakes_us: bool
    at: float


def invoice_ids(negativations: int) -> list[str]:
    """The invoices that are negativated: one each."""
    return [f"I{number}" for number in range(negativations)]


def steps(negativations: int, seed: int) -> list[Step]:
    """All steps, in order. Payments come before, during and after the negativation is created and sent."""
    chance = random.Random(seed)  # noqa: S311 - a plan
    timed: list[tuple[float, str, StepKind]] = []
    for number, invoice_id in enumerate(invoice_ids(negativations)):
        created = 0.85 * number / negativations
        timed.append((created, invoice_id, StepKind.CREATE))
        moment = created + chance.choice((-0.002, 0.004, 0.02, 0.04, 0.08, 0.15)) * (0.3 + 0.7 * chance.random())
        for kind in chance.choices(_STORIES, _WEIGHTS)[0]:
            timed.append((moment, invoice_id, kind))
            moment += chance.choice((0.0001, 0.01, 0.08)) * (0.5 + chance.random())
    timed.sort()
    return [
        Step(number, invoice_id, kind, chance.random() < 0.7, (number + 1) / len(timed))
        for number, (_, invoice_id, kind) in enumerate(timed)
    ]


_WEIGHTED_STORIES: Sequence[tuple[float, tuple[StepKind, ...]]] = (
    (16, ()),
    (24, (StepKind.PAY,)),
    (8, (StepKind.PAY, StepKind.REVERSE)),
    (4, (StepKind.PAY, StepKind.REVERSE, StepKind.PAY)),
    (10, (StepKind.PAY_PART, StepKind.PAY)),
    (6, (StepKind.PAY_PART,)),
    (3, (StepKind.PAY_PART, StepKind.REVERSE)),
    (4, (StepKind.ROLL_BACK,)),
    (3, (StepKind.ROLL_BACK, StepKind.PAY)),
    (4, (StepKind.PAY_SILENTLY,)),
    (2, (StepKind.CANCEL,)),
    (12, (StepKind.DELETE,)),
    (2, (StepKind.PAY, StepKind.DELETE)),
    (2, (StepKind.DELETE, StepKind.PAY)),
)
_STORIES = [story for _, story in _WEIGHTED_STORIES]
_WEIGHTS = [weight for weight, _ in _WEIGHTED_STORIES]


def cpf(number: int) -> str:
    """A valid CPF of one customer of this drill."""
    digits = [int(digit) for digit in f"{900_000_000 + number}"]
    for _ in range(2):
        remainder = (
            sum(digit * weight for digit, weight in zip(digits, range(len(digits) + 1, 1, -1), strict=True)) % 11
        )
        digits.append(0 if remainder < 2 else 11 - remainder)
    return "".join(map(str, digits))
