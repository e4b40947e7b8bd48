"""Seeded random walks through the comparison's model, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from credit_protection.domain.divergences import Decision
from tests.domain.comparison.comparison_model import VARIANTS, ComparisonModel, cut_permission
from tests.domain.comparison.group_model import group_walk, relink_walk
from tests.domain.comparison.held_model import held_walk

Step = Callable[[ComparisonModel, Random], None]
_STEPS = 40
_MINUTES = (1, 20, 61, 61, 180, 60 * 21, 60 * 26, 60 * 24 * 4)


def _pay(model: ComparisonModel, random: Random) -> None:
    model.pay(random.choice((None, None, 40_00, 99_00)), reported=random.random() < 0.5)


def _reverse(model: ComparisonModel, random: Random) -> None:
    model.reverse(reported=random.random() < 0.5)


def _decide(model: ComparisonModel, random: Random) -> None:
    model.decide(random.randrange(4), random.choice((Decision.KEEP, Decision.KEEP, Decision.REMOVE)))


STEPS: tuple[tuple[int, Step], ...] = (
    (8, lambda model, _: model.read()),
    (3, lambda model, _: model.ask()),
    (3, lambda model, random: model.deliver(random.randrange(4))),
    (6, lambda model, random: model.pass_time(random.choice(_MINUTES))),
    (5, lambda model, _: model.apply()),
    (3, _pay),
    (2, _reverse),
    (3, lambda model, random: model.end(random.randrange(5))),
    (2, lambda model, random: model.lower(random.choice((0, 1_00, 60_00, 100_00)))),
    (2, lambda model, random: model.move_due_date(random.choice((0, 40, 400)), original=random.random() < 0.5)),
    (1, lambda model, random: model.change_debtor(back=random.random() < 0.5)),
    (1, lambda model, _: model.delete()),
    (1, lambda model, _: model.postpone_for_long()),
    (2, lambda model, _: model.claim()),
    (2, _decide),
    (1, lambda model, _: model.recheck()),
    (1, lambda model, _: model.see()),
    (1, lambda model, random: model.answer(random.choice((0, 0, 5, 70)))),
)


def walk(seed: int) -> None:
    """One walk, of a variant that the seed chooses, to its end."""
    random = Random(seed)  # noqa: S311 - no secret
    model = ComparisonModel(VARIANTS[seed % len(VARIANTS)])
    weights = [weight for weight, _ in STEPS]
    for _, step in random.choices(STEPS, weights, k=_STEPS):
        step(model, random)
    model.finish()


def walk_all(budget: int) -> None:
    """So many walks, a quarter as many of holds, groups and relinking, and the brake over integrations of any size."""
    for records in (1, 19, 25, 1_000, 5_000):
        for host_reports in (True, False):
            cut_permission(records, host_reports=host_reports)
    for seed in range(budget):
        walk(seed)
        if seed % 4 == 0:
            held_walk(seed)
            group_walk(seed)
            relink_walk(seed)
