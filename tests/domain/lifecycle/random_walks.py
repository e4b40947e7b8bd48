"""Seeded random walks through the model: the steps of the state machine, faster, and the same ones every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.settlements import SettlementKind
from tests.domain.lifecycle.bureau import Delay, Plan
from tests.domain.lifecycle.lifecycle_model import NATURES, LifecycleModel

if TYPE_CHECKING:
    from collections import Counter

    from tests.domain.lifecycle.profiles import Profile
    from tests.domain.lifecycle.table import State

AMOUNTS = (None, 10_000, 9_950, 4_000)
DAYS_TO_MONEY = (None, 0, 3)
REASONS = (None, None, RemovalReason.PAYMENT, RemovalReason.COURT_ORDER, RemovalReason.DISPUTE)
KINDS = (SettlementKind.PAYMENT, SettlementKind.PAYMENT, *SettlementKind)
PLANS = (Plan.WORKS, Plan.WORKS, Plan.WORKS, *Plan)
DELAYS = (Delay.NONE, *Delay)


def _chance(random: Random, percent: int) -> bool:
    return random.randrange(100) < percent


def _work(model: LifecycleModel, random: Random) -> None:
    before = len(model.calls)
    model.work(random.randrange(4), random.choice(PLANS), random.choice(DELAYS), answer_lost=_chance(random, 20))
    if len(model.calls) > before and _chance(random, 50):
        model.deliver(len(model.calls) - 1)


def _wait(model: LifecycleModel, random: Random) -> None:
    model.pass_time(random.randrange(8))


def _wait_a_little(model: LifecycleModel, random: Random) -> None:
    model.pass_time(random.choice((0, 1, 2, 7, 7, 7)))


def _pay(model: LifecycleModel, random: Random) -> None:
    kind, cents, days = random.choice(KINDS), random.choice(AMOUNTS), random.choice(DAYS_TO_MONEY)
    model.pay(random.randrange(3), kind, cents, days, reported=_chance(random, 70))


def _reverse(model: LifecycleModel, random: Random) -> None:
    model.reverse(random.randrange(4), reported=_chance(random, 70))


def _apply(model: LifecycleModel, random: Random) -> None:
    model.apply(random.randrange(4))


def _delete(model: LifecycleModel, random: Random) -> None:
    model.delete(random.randrange(4), random.choice(REASONS), random.choice(("", "recibo")))


def _bureau_removes(model: LifecycleModel, random: Random) -> None:
    model.bureau_removes(random.randrange(4), slowly=_chance(random, 40))


def _callback(model: LifecycleModel, random: Random) -> None:
    with _withdrawing_what_reopens(model):
        model.callback(random.randrange(4), again=_chance(random, 20))


def _deliver(model: LifecycleModel, random: Random) -> None:
    with _withdrawing_what_reopens(model):
        model.deliver(random.randrange(4))


@contextmanager
def _withdrawing_what_reopens(model: LifecycleModel) -> Iterator[None]:
    """A person tries at once to take back the removal of a record that an answer reopens: few walks would."""
    closed = [each.is_closed for each in model.negativations.values()]
    yield
    for position, (was, each) in enumerate(zip(closed, model.negativations.values(), strict=False)):
        if was and not each.is_closed:
            model.withdraw(position)


def _request(model: LifecycleModel, random: Random) -> None:
    model.request(random.randrange(1, 4), random.choice(tuple(NATURES)))


def _confirm(model: LifecycleModel, _: Random) -> None:
    model.confirm()


Act = Callable[[LifecycleModel, Random], None]
STEPS: tuple[tuple[int, Act], ...] = (
    (28, _work),
    (14, _deliver),
    (3, lambda model, random: model.crash(random.randrange(4))),
    (20, _wait),
    (4, _wait_a_little),
    (6, lambda model, _: model.sweep()),
    (6, _pay),
    (3, _reverse),
    (2, lambda model, random: model.report(random.randrange(8))),
    (4, _apply),
    (3, _delete),
    (2, lambda model, random: model.withdraw(random.randrange(4))),
    (2, lambda model, random: model.stop(random.randrange(4))),
    (3, lambda model, random: model.resume(random.randrange(4))),
    (1, lambda model, random: model.needs_person(random.randrange(4))),
    (2, lambda model, random: model.attest(random.randrange(4))),
    (2, _bureau_removes),
    (1, lambda model, random: model.bureau_forgets(random.randrange(4))),
    (1, lambda model, random: model.hint(random.randrange(4))),
    (8, _callback),
    (2, _request),
    (4, _confirm),
    (1, lambda model, _: model.system_requests()),
)
"""The steps, each with its weight."""
_ACTS = tuple(act for _, act in STEPS)
_WEIGHTS = tuple(weight for weight, _ in STEPS)
_ONE_RECORD = tuple(0 if act in {_request, _confirm} else weight for weight, act in STEPS)
_FAST: dict[Act, int] = {_work: 40, _wait: 0, _wait_a_little: 24, _delete: 8, _apply: 8, _request: 0, _confirm: 0}
_WITHIN_MINUTES = tuple(_FAST.get(act, weight) for weight, act in STEPS)
WEIGHTINGS = (_WEIGHTS, _ONE_RECORD, _WITHIN_MINUTES)
"""Kinds of walks: all steps; steps on one record only; steps on one record within minutes."""


def walk(
    profile: Profile, seed: int, steps: int = 50, coverage: Counter[tuple[State, str]] | None = None
) -> LifecycleModel:
    """Create a model, take random steps, finish.

    Raises:
        PropertyViolation: a rule does not hold.
    """
    random = Random(f"{profile.name}-{seed}")  # noqa: S311 - a repeatable walk, no secret
    weights = WEIGHTINGS[seed % len(WEIGHTINGS)]
    model = LifecycleModel(profile, customer_is_company=_chance(random, 30), coverage=coverage)
    model.request(random.choice((1, 2, 3)) if profile.grouped or weights is _WEIGHTS else 1, "OUT")
    model.confirm()
    if profile.accepts_unchecked:  # what is wrong with such a bureau begins with a lost inclusion
        model.work(0, Plan.WORKS, Delay.LONGEST, answer_lost=True)
    for act in random.choices(_ACTS, weights, k=steps):
        act(model, random)
    model.finish()
    return model
