"""Seeded random walks through the bureau's model, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from credit_protection.domain.divergences import Decision
from tests.domain.comparison.bureau_model import (
    LOOKS_UP,
    ONLY_REMOVES,
    BureauModel,
    all_duplicates_are_offered,
)
from tests.domain.comparison.list_model import list_walk

Step = Callable[[BureauModel, Random], None]
_STEPS = 14
STEPS: tuple[tuple[int, Step], ...] = (
    (3, lambda model, _: model.want()),
    (9, lambda model, _: model.work()),
    (1, lambda model, _: model.work("call")),
    (1, lambda model, _: model.work("answer")),
    (3, lambda model, random: model.pass_time(random.choice((1, 10, 60, 600)))),
    (1, lambda model, _: model.hide()),
    (3, lambda model, _: model.compare()),
    (1, lambda model, _: model.lose()),
    (1, lambda model, _: model.rename()),
    (1, lambda model, _: model.reuse_id()),
    (1, lambda model, _: model.spoil()),
    (1, lambda model, random: model.decide(random.choice((Decision.KEEP, Decision.REMOVE)))),
)


def walk(seed: int) -> None:
    """One walk, of a variant that the seed chooses."""
    random = Random(seed)  # noqa: S311 - no secret
    model = BureauModel(ONLY_REMOVES if seed % 4 == 3 else LOOKS_UP, is_known=seed % 2 == 0)
    for _, step in random.choices(STEPS, [weight for weight, _ in STEPS], k=_STEPS):
        step(model, random)


def walk_all(budget: int) -> None:
    """So many walks, a quarter as many of lists, and keys that stand several times."""
    for extra in (1, 2, 5):
        all_duplicates_are_offered(extra)
    for seed in range(budget):
        walk(seed)
        if seed % 4 == 0:
            list_walk(seed // 4)
