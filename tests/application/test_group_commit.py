"""Group commit: requests made during a batch share the next one."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from credit_protection.application.batched_updates import GroupCommit

MANY = 50
TIMEOUT = 20.0


class BlockingDoubler:
    """Doubles numbers; its batches block until `gate` is set. A negative number makes a batch fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.started = threading.Event()
        self.gate = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(numbers))
        self.started.set()
        assert self.gate.wait(TIMEOUT)
        if any(number < 0 for number in numbers):
            raise ValueError(min(numbers))
        return [2 * number for number in numbers]


def test_single_request_is_executed_at_once() -> None:
    double = BlockingDoubler()
    double.gate.set()
    commit = GroupCommit(double)
    assert [commit(number) for number in (1, 2)] == [2, 4]
    assert double.batches == [[1], [2]]


def test_requests_made_during_a_batch_form_the_next_batch_each_with_its_own_result() -> None:
    double = BlockingDoubler()
    commit = GroupCommit(double)
    with ThreadPoolExecutor(MANY + 1) as threads:
        first = threads.submit(commit, 0)
        assert double.started.wait(TIMEOUT)
        rest = {number: threads.submit(commit, number) for number in range(1, MANY + 1)}
        while len(commit._waiting) < MANY:
            threading.Event().wait(0.001)
        double.gate.set()
        assert first.result(TIMEOUT) == 0
        assert {number: each.result(TIMEOUT) for number, each in rest.items()} == {n: 2 * n for n in rest}
    assert double.batches[0] == [0]
    assert sorted(double.batches[1]) == list(range(1, MANY + 1))


def test_failing_request_fails_no_other_of_its_batch() -> None:
    double = BlockingDoubler()
    commit = GroupCommit(double)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(commit, 0)
        assert double.started.wait(TIMEOUT)
        rest = {number: threads.submit(commit, number) for number in (1, -1, 2)}
        while len(commit._waiting) < len(rest):
            threading.Event().wait(0.001)
        double.gate.set()
        assert first.result(TIMEOUT) == 0
        assert rest[1].result(TIMEOUT) == 2
        assert rest[2].result(TIMEOUT) == 4
        with pytest.raises(ValueError, match="-1"):
            rest[-1].result(TIMEOUT)
    assert commit(3) == 6


def test_every_request_of_many_threads_gets_its_own_result() -> None:
    double = BlockingDoubler()
    double.gate.set()
    commit = GroupCommit(double)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(commit, range(2000))) == [2 * number for number in range(2000)]
    assert sum(map(len, double.batches)) == 2000
