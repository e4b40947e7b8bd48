"""The kinds of attacks that are no tests of their own, each in parts that run beside each other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import stamina
import stamina.instrumentation

from tests.attacks import bureau_attack, canary, hostile_files, state_attack
from tests.attacks.hostile_answers import ANSWERS, GROUPS

Item = TypeVar("Item")
Outcome = tuple[int, int, list[str]]
"""How many attacks were made, how many applied, and what succeeded."""
SHARDS = 8


def _bureau(shard: int) -> Outcome:
    """Each answer to each operation of each gateway; an eighth of them."""
    _silence()
    made = applied = 0
    succeeded: list[str] = []
    for name, hostile in _shard(ANSWERS.items(), shard):
        for operation in bureau_attack.OPERATIONS:
            verdict = bureau_attack.attack(operation, hostile)
            made, applied = made + 1, applied + verdict.applied
            succeeded += [f"{name}, {operation}: {fault}" for fault in verdict.faults]
    return made, applied, succeeded


def _memory(shard: int) -> Outcome:
    """The large answers, with their memory measured."""
    _silence()
    succeeded: list[str] = []
    large = [name for name in ANSWERS if any(word in name for word in ("bomb", "MB", "deep", "endless", "huge"))]
    for name in _shard(large, shard):
        verdict = bureau_attack.peak_of(lambda name=name: bureau_attack.attack("find", ANSWERS[name]))  # type: ignore[misc] # mypy infers no lambda with a default
        succeeded += [f"{name}: {fault}" for fault in verdict.faults]
    return len(list(_shard(large, shard))), len(list(_shard(large, shard))), succeeded


def _stored(shard: int) -> Outcome:
    """Answers to a worker's calls, and what is stored after them."""
    _silence()
    made = applied = 0
    succeeded: list[str] = []
    for name, hostile in _shard(STORED.items(), shard):
        for call in state_attack.CALLS:
            verdict = state_attack.attack(call, name, hostile)
            made, applied = made + 1, applied + verdict.applied
            succeeded += [f"{name}, {call}: {fault}" for fault in verdict.faults]
    return made, applied, succeeded


def _files(shard: int) -> Outcome:
    """Each file to the command that reads it."""
    _silence()
    succeeded: list[str] = []
    names = list(_shard(hostile_files.CASES, shard))
    with hostile_files.prepared() as folder:
        for name in names:
            succeeded += [f"{name}: {fault}" for fault in hostile_files.attack(name, folder).faults]
    return len(names), len(names), succeeded


def _canary(shard: int) -> Outcome:
    """The whole story, once."""
    if shard:
        return 0, 0, []
    _silence()
    made, leaks = canary.attack()
    return made, made, leaks


STORED = {
    name: answer
    for kind, answers in GROUPS.items()
    for number, (name, answer) in enumerate(answers.items())
    if kind in {"records", "true"} or number % 4 == 0
}
"""All about records, and a quarter of the others, which the gateway's operations got before."""
KINDS: dict[str, Callable[[int], Outcome]] = {
    "bureau": _bureau,
    "bureau, memory": _memory,
    "bureau, what is stored": _stored,
    "files": _files,
    "canary": _canary,
}


def _shard(items: Iterable[Item], shard: int) -> Iterator[Item]:
    yield from (each for number, each in enumerate(items) if number % SHARDS == shard)


def _silence() -> None:
    logging.disable(logging.CRITICAL)
    stamina.instrumentation.set_on_retry_hooks([])
    stamina.set_testing(testing=True, attempts=3, cap=True)
