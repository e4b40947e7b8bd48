import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from credit_protection.application.together import Together

MANY = 50
PATIENCE = 20.0


class Slow:
    """Doubles numbers; the first group waits until the door is opened. A negative number is refused."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = threading.Event()
        self.door = threading.Event()

    def __call__(self, asked: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(asked))
        self.begun.set()
        assert self.door.wait(PATIENCE)
        if any(number < 0 for number in asked):
            raise ValueError(min(asked))
        return [2 * number for number in asked]


def test_who_comes_alone_is_served_at_once() -> None:
    slow = Slow()
    slow.door.set()
    together = Together(slow)
    assert [together(number) for number in (1, 2)] == [2, 4]
    assert slow.groups == [[1], [2]]


def test_those_who_come_meanwhile_are_served_together_each_with_its_own_answer() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(MANY + 1) as threads:
        first = threads.submit(together, 0)
        assert slow.begun.wait(PATIENCE)
        rest = {number: threads.submit(together, number) for number in range(1, MANY + 1)}
        while len(together._waiting) < MANY:
            threading.Event().wait(0.001)
        slow.door.set()
        assert first.result(PATIENCE) == 0
        assert {number: each.result(PATIENCE) for number, each in rest.items()} == {n: 2 * n for n in rest}
    assert slow.groups[0] == [0]
    assert sorted(slow.groups[1]) == list(range(1, MANY + 1))


def test_one_that_cant_be_served_keeps_no_other_from_it() -> None:
    slow = Slow()
    together = Together(slow)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(together, 0)
        assert slow.begun.wait(PATIENCE)
        rest = {number: threads.submit(together, number) for number in (1, -1, 2)}
        while len(together._waiting) < len(rest):
            threading.Event().wait(0.001)
        slow.door.set()
        assert first.result(PATIENCE) == 0
        assert rest[1].result(PATIENCE) == 2
        assert rest[2].result(PATIENCE) == 4
        with pytest.raises(ValueError, match="-1"):
            rest[-1].result(PATIENCE)
    assert together(3) == 6


def test_under_many_threads_everybody_gets_the_own_answer_and_nobody_is_forgotten() -> None:
    slow = Slow()
    slow.door.set()
    together = Together(slow)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(together, range(2000))) == [2 * number for number in range(2000)]
    assert sum(map(len, slow.groups)) == 2000
