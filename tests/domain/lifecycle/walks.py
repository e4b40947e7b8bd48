"""Random walks through the world from a fixed seed: the same steps as the machine's, fast, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.world import NATURES, World

if TYPE_CHECKING:
    from collections import Counter

    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import Cell

AMOUNTS = (None, 10_000, 9_950, 4_000)
DAYS_TO_MONEY = (None, 0, 3)
REASONS = (None, None, RemovalReason.PAYMENT, RemovalReason.COURT_ORDER, RemovalReason.DISPUTE)
KINDS = (SettlementKind.PAYMENT, SettlementKind.PAYMENT, *SettlementKind)
PLANS = (Plan.WORKS, Plan.WORKS, Plan.WORKS, *Plan)
DELAYS = (Delay.NONE, *Delay)


def _chance(random: Random, percent: int) -> bool:
    return random.randrange(100) < percent


def _work(world: World, random: Random) -> None:
    before = len(world.calls)
    world.work(random.randrange(4), random.choice(PLANS), random.choice(DELAYS), answer_lost=_chance(random, 20))
    if len(world.calls) > before and _chance(random, 50):
        world.deliver(len(world.calls) - 1)


def _wait(world: World, random: Random) -> None:
    world.pass_time(random.randrange(8))


def _wait_a_little(world: World, random: Random) -> None:
    world.pass_time(random.choice((0, 1, 2, 7, 7, 7)))


def _pay(world: World, random: Random) -> None:
    kind, cents, days = random.choice(KINDS), random.choice(AMOUNTS), random.choice(DAYS_TO_MONEY)
    world.pay(random.randrange(3), kind, cents, days, told=_chance(random, 70))


def _reverse(world: World, random: Random) -> None:
    world.reverse(random.randrange(4), told=_chance(random, 70))


def _apply(world: World, random: Random) -> None:
    world.apply(random.randrange(4))


def _delete(world: World, random: Random) -> None:
    world.delete(random.randrange(4), random.choice(REASONS), random.choice(("", "recibo")))


def _bureau_removes(world: World, random: Random) -> None:
    world.bureau_removes(random.randrange(4), slowly=_chance(random, 40))


def _callback(world: World, random: Random) -> None:
    world.callback(random.randrange(4), again=_chance(random, 20))


def _ask(world: World, random: Random) -> None:
    world.ask(random.randrange(1, 4), random.choice(tuple(NATURES)))


def _confirm(world: World, _: Random) -> None:
    world.confirm()


Act = Callable[[World, Random], None]
STEPS: tuple[tuple[int, Act], ...] = (
    (28, _work),
    (14, lambda world, random: world.deliver(random.randrange(4))),
    (3, lambda world, random: world.crash(random.randrange(4))),
    (20, _wait),
    (4, _wait_a_little),
    (6, lambda world, _: world.sweep()),
    (6, _pay),
    (3, _reverse),
    (2, lambda world, random: world.tell(random.randrange(8))),
    (4, _apply),
    (3, _delete),
    (2, lambda world, random: world.withdraw(random.randrange(4))),
    (2, lambda world, random: world.stop(random.randrange(4))),
    (3, lambda world, random: world.resume(random.randrange(4))),
    (1, lambda world, random: world.needs_person(random.randrange(4))),
    (2, lambda world, random: world.attest(random.randrange(4))),
    (2, _bureau_removes),
    (1, lambda world, random: world.bureau_forgets(random.randrange(4))),
    (1, lambda world, random: world.hint(random.randrange(4))),
    (8, _callback),
    (2, _ask),
    (4, _confirm),
    (1, lambda world, _: world.system_asks()),
)
"""What may happen, and how often."""
_ACTS = tuple(act for _, act in STEPS)
_WEIGHTS = tuple(weight for weight, _ in STEPS)
_ONE_RECORD = tuple(0 if act in {_ask, _confirm} else weight for weight, act in STEPS)
_HURRIED: dict[Act, int] = {_work: 40, _wait: 0, _wait_a_little: 24, _delete: 8, _apply: 8, _ask: 0, _confirm: 0}
_IN_A_HURRY = tuple(_HURRIED.get(act, weight) for weight, act in STEPS)
MOODS = (_WEIGHTS, _ONE_RECORD, _IN_A_HURRY)
"""How a walk goes: everything happens; to one record only; to one record and within minutes."""


def walk(profile: Profile, seed: int, steps: int = 50, met: Counter[tuple[Cell, str]] | None = None) -> World:
    """One life of the world: begin, some random steps, the end. Raises `Broken` where a rule does not hold."""
    random = Random(f"{profile.name}-{seed}")  # noqa: S311 - a repeatable walk, no secret
    weights = MOODS[seed % len(MOODS)]
    world = World(profile, customer_is_company=_chance(random, 30), met=met)
    world.ask(random.choice((1, 2, 3)) if profile.grouped or weights is _WEIGHTS else 1, "OUT")
    world.confirm()
    for act in random.choices(_ACTS, weights, k=steps):
        act(world, random)
    world.finish()
    return world
