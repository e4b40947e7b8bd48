"""Random walks through the world from a fixed seed: the same steps as the machine's, fast, the same every time."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.world import NATURES, World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import Cell

AMOUNTS = (None, 10_000, 9_950, 4_000)
DAYS_TO_MONEY = (None, 0, 3)
REASONS = (None, None, RemovalReason.PAYMENT, RemovalReason.COURT_ORDER, RemovalReason.DISPUTE)
KINDS = (SettlementKind.PAYMENT, SettlementKind.PAYMENT, *SettlementKind)
PLANS = (Plan.WORKS, Plan.WORKS, Plan.WORKS, *Plan)
DELAYS = (Delay.NONE, *Delay)

Step = tuple[int, "Callable[[World, Random], None]"]


def _chance(random: Random, percent: int) -> bool:
    return random.randrange(100) < percent


def _work(world: World, random: Random) -> None:
    before = len(world.calls)
    world.work(random.randrange(4), random.choice(PLANS), random.choice(DELAYS), answer_lost=_chance(random, 20))
    if len(world.calls) > before and _chance(random, 50):
        world.deliver(len(world.calls) - 1)


STEPS: tuple[Step, ...] = (
    (28, _work),
    (14, lambda world, random: world.deliver(random.randrange(4))),
    (3, lambda world, random: world.crash(random.randrange(4))),
    (24, lambda world, random: world.pass_time(random.randrange(8))),
    (6, lambda world, _: world.sweep()),
    (
        6,
        lambda world, random: world.pay(
            random.randrange(3),
            random.choice(KINDS),
            random.choice(AMOUNTS),
            random.choice(DAYS_TO_MONEY),
            told=_chance(random, 70),
        ),
    ),
    (3, lambda world, random: world.reverse(random.randrange(4), told=_chance(random, 70))),
    (2, lambda world, random: world.tell(random.randrange(8))),
    (4, lambda world, random: world.apply(random.randrange(4))),
    (
        3,
        lambda world, random: world.delete(random.randrange(4), random.choice(REASONS), random.choice(("", "recibo"))),
    ),
    (2, lambda world, random: world.withdraw(random.randrange(4))),
    (2, lambda world, random: world.stop(random.randrange(4))),
    (3, lambda world, random: world.resume(random.randrange(4))),
    (1, lambda world, random: world.needs_person(random.randrange(4))),
    (2, lambda world, random: world.attest(random.randrange(4))),
    (2, lambda world, random: world.bureau_removes(random.randrange(4), slowly=_chance(random, 40))),
    (1, lambda world, random: world.bureau_forgets(random.randrange(4))),
    (1, lambda world, random: world.hint(random.randrange(4))),
    (8, lambda world, random: world.callback(random.randrange(4), again=_chance(random, 20))),
    (2, lambda world, random: world.ask(random.randrange(1, 4), random.choice(tuple(NATURES)))),
    (4, lambda world, _: world.confirm()),
    (1, lambda world, _: world.system_asks()),
)
_WEIGHTS = tuple(weight for weight, _ in STEPS)
_ACTS = tuple(act for _, act in STEPS)


def walk(profile: Profile, seed: int, steps: int = 40, met: Counter[tuple[Cell, str]] | None = None) -> World:
    """One life of the world: begin, some random steps, the end. Raises `Broken` where a rule does not hold."""
    random = Random(f"{profile.name}-{seed}")  # noqa: S311 - a repeatable walk, no secret
    world = World(profile, customer_is_company=_chance(random, 30), met=met)
    world.ask(random.choice((1, 1, 2, 3)), "OUT")
    for act in random.choices(_ACTS, _WEIGHTS, k=steps):
        act(world, random)
    world.finish()
    return world
