from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.adapters.queue.embedded.rests import Rests
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.queue import QueueSnapshot
from tests.adapters.queue.rows import Clock, Rows, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credit_protection.ports.queue import TransmissionQueue


@pytest.fixture
def begin() -> Iterator[Callable[..., EmbeddedQueue]]:
    """A queue over rows, started; stopped after the test."""
    queues: list[EmbeddedQueue] = []

    def started(rows: Rows, workers: int = 8, sweep_every: timedelta = timedelta(seconds=60)) -> EmbeddedQueue:
        queue = EmbeddedQueue(lambda: rows, Clock(), workers=workers, sweep_every=sweep_every)
        queues.append(queue)
        queue.start()
        return queue

    yield started
    for queue in queues:
        assert queue.stop(10)


def threads() -> list[str]:
    """The engine's own threads, of all engines."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("credit-protection-")]


def quiet(queue: EmbeddedQueue) -> None:
    """Let the first sweep and the looks that follow it pass."""
    with queue._state.lock:
        assert queue._state.idle.wait_for(lambda: queue._state.looks and queue._state.is_idle, 10)


# ---------------------------------------------------------------------------------------------------------- waking


def test_it_is_a_transmission_queue_of_one_process() -> None:
    queue: TransmissionQueue = EmbeddedQueue(Rows, Clock())
    assert not queue.capabilities.distributed
    assert queue.snapshot() == QueueSnapshot(waiting=0, running=0)


def test_a_wake_up_is_answered_at_once_and_not_at_the_next_sweep(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    queue = begin(rows)
    waited = []
    for number in range(20):
        quiet(queue)
        rows.add(f"n{number}")
        woken = time.monotonic()
        queue.wake(f"n{number}")
        until(lambda id_=f"n{number}": id_ in rows.at)  # type: ignore[misc]
        waited.append(rows.at[f"n{number}"] - woken)
    # The next sweep is a minute away. A loaded machine may be slow now and then, not most of the time.
    assert sorted(waited)[len(waited) // 2] < 0.2


def test_what_waits_at_the_start_is_performed(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows("a", "b")
    begin(rows)
    until(lambda: not rows.due_at)
    assert sorted(rows.begun) == ["a", "b"]


def test_a_hundred_wake_ups_are_few_looks_and_each_row_is_performed_once(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    queue = begin(rows)
    quiet(queue)
    looks = rows.looks
    free = threading.Event()
    rows.performing = lambda _: free.wait(10)
    rows.add("a")
    for _ in range(100):
        queue.wake("a")
    until(lambda: rows.begun)
    free.set()
    quiet(queue)
    assert rows.begun == ["a"]
    assert rows.looks - looks < 50


def test_a_wake_up_before_the_start_is_remembered() -> None:
    rows = Rows()
    queue = EmbeddedQueue(lambda: rows, Clock())
    queue.wake("a")
    queue.wake("b", datetime.now(UTC) + timedelta(hours=1))
    assert queue.snapshot() == QueueSnapshot(waiting=2, running=0)
    rows.add("a")
    queue.start()
    until(lambda: rows.begun == ["a"])
    assert queue.stop(10)


def test_a_wake_up_for_later_waits_until_then(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    queue = begin(rows)
    quiet(queue)
    rows.add("a", due_in=0.2)
    now = time.monotonic()
    queue.wake("a", datetime.now(UTC) + timedelta(seconds=0.2))
    assert queue.snapshot().waiting == 1
    until(lambda: rows.begun)
    assert rows.at["a"] - now >= 0.19
    assert queue.snapshot().waiting == 0


def test_what_becomes_due_is_found_without_a_wake_up(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    rows.add("a", due_in=0.2)
    begin(rows)
    until(lambda: rows.begun == ["a"])


def test_what_nobody_told_of_is_found_by_the_sweep(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    queue = begin(rows, sweep_every=timedelta(seconds=0.1))
    quiet(queue)
    rows.add("a")
    until(lambda: rows.begun == ["a"])
    until(lambda: rows.sweeps >= 3)


def test_an_idle_engine_asks_nothing(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    rows.add("tomorrow", due_in=86_400)
    queue = begin(rows)
    quiet(queue)
    looks, sweeps = rows.looks, rows.sweeps
    assert looks <= 3
    spent = time.process_time()
    time.sleep(0.4)
    assert (rows.looks, rows.sweeps) == (looks, sweeps)
    assert time.process_time() - spent < 0.2


def test_a_due_instant_that_can_not_be_served_calls_the_sweep_once_and_no_loop(
    begin: Callable[..., EmbeddedQueue],
) -> None:
    rows = Rows()
    rows.next_due_at = lambda: datetime.now(UTC) - timedelta(hours=1)  # type: ignore[method-assign]
    begin(rows)
    until(lambda: rows.sweeps == 2)
    time.sleep(0.3)
    assert rows.sweeps == 2
    assert rows.looks <= 5


# ---------------------------------------------------------------------------------------------------------- order


def test_one_worker_goes_in_the_order_of_due(begin: Callable[..., EmbeddedQueue]) -> None:
    ids = [f"n{number}" for number in range(30)]
    rows = Rows(*ids)
    begin(rows, workers=1)
    until(lambda: not rows.due_at)
    assert rows.begun == ids


def test_something_urgent_passes_what_was_already_looked_up(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows("a", "b", "c", "d")
    free = threading.Event()
    rows.performing = lambda _: free.wait(10)
    queue = begin(rows, workers=1)
    until(lambda: rows.begun == ["a"])
    looks = rows.looks
    rows.add("urgent", first=True)
    queue.wake("urgent")
    until(lambda: rows.looks > looks)
    until(lambda: "urgent" in queue._state.ready)
    free.set()
    until(lambda: not rows.due_at)
    assert rows.begun == ["a", "urgent", "b", "c", "d"]


def test_calls_in_flight_are_as_many_as_workers_and_more_rows_than_one_look_are_all_done(
    begin: Callable[..., EmbeddedQueue],
) -> None:
    rows = Rows(*(f"n{number}" for number in range(200)))
    together = threading.Barrier(4, timeout=10)
    rows.performing = lambda _: (together.wait(), "done")
    begin(rows, workers=4)
    until(lambda: not rows.due_at)
    assert rows.most_in_flight == 4
    assert len(rows.workers) == 4
    assert len(rows.begun) == len(set(rows.begun)) == 200


def test_one_negativation_is_never_performed_twice_at_once(begin: Callable[..., EmbeddedQueue]) -> None:
    # The row stays due while it is performed: as another engine's storage, or a slow claim, would show it.
    rows = Rows("a", "b", "c")
    rows.claims_first = False
    free = threading.Event()
    rows.performing = lambda _: free.wait(10)
    queue = begin(rows)
    until(lambda: len(rows.begun) == 3)
    for _ in range(50):
        queue.wake()
        time.sleep(0.001)
    assert queue.snapshot().running == 3
    free.set()
    quiet(queue)
    assert rows.twice_at_once == []
    assert sorted(rows.begun) == ["a", "b", "c"]


def test_what_turns_due_again_while_it_is_performed_is_performed_again(begin: Callable[..., EmbeddedQueue]) -> None:
    # The payment comes while the inclusion is in flight: the same row is due at once, for its removal.
    rows = Rows()
    queue = begin(rows)
    quiet(queue)

    def include(id_: str) -> object:
        if len(rows.begun) == 1:
            rows.stays.add(id_)
            queue.wake(id_)
            until(lambda: queue.snapshot().waiting == 0)  # the dispatcher has looked, and found it in flight
        else:
            rows.stays.clear()
        return "done"

    rows.performing = include
    rows.add("a")
    queue.wake("a")
    until(lambda: not rows.due_at)
    assert rows.begun == ["a", "a"]
    assert rows.twice_at_once == []


# ---------------------------------------------------------------------------------------------------------- failures


def test_a_poison_row_rests_is_counted_and_logged_and_holds_up_nobody(
    begin: Callable[..., EmbeddedQueue], caplog: pytest.LogCaptureFixture
) -> None:
    rows = Rows("poison", *(f"n{number}" for number in range(50)))

    def perform(id_: str) -> object:
        if id_ == "poison":
            raise ValueError("made up")
        return "done"

    rows.performing = perform
    queue = begin(rows, workers=2)
    until(lambda: list(rows.due_at) == ["poison"])
    for _ in range(100):
        queue.wake()
    time.sleep(0.1)
    assert rows.begun.count("poison") == queue.failures == 1
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "the transmission of negativation poison failed; it rests before it is tried again"
    ]
    until(lambda: rows.begun.count("poison") == 2)  # after a second


def test_more_poison_than_one_look_takes_still_holds_up_nobody(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows(*(f"poison{number}" for number in range(40)), "good")

    def perform(id_: str) -> object:
        if id_ != "good":
            raise ValueError("made up")
        return "done"

    rows.performing = perform
    begin(rows, workers=1)
    until(lambda: "good" in rows.begun)
    assert max(rows.limits) > 40


def test_even_an_exit_in_a_call_ends_no_worker(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows("a", "b", "c")

    def perform(id_: str) -> object:
        if id_ == "a":
            raise SystemExit
        return "done"

    rows.performing = perform
    queue = begin(rows, workers=1)
    until(lambda: list(rows.due_at) == ["a"])
    assert queue.failures == 1


def test_a_row_that_somebody_else_has_does_not_loop(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows("held", "free")
    rows.performing = lambda id_: None if id_ == "held" else "done"
    queue = begin(rows)
    until(lambda: list(rows.due_at) == ["held"])
    for _ in range(50):
        queue.wake("held")
        time.sleep(0.002)
    assert rows.begun.count("held") == 1
    assert queue.failures == 0
    looks = rows.looks
    time.sleep(0.2)
    assert rows.looks - looks <= 2


def test_what_rests_does_not_hide_what_becomes_due_later(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows("held")
    rows.performing = lambda id_: None if id_ == "held" else "done"
    begin(rows)
    until(lambda: rows.begun == ["held"])
    rows.add("later", due_in=0.5)  # nobody wakes the engine
    until(lambda: "later" in rows.begun)


def test_a_database_that_is_down_is_asked_calmly_and_again(
    begin: Callable[..., EmbeddedQueue], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    rows = Rows("a")
    rows.trouble = OSError("the database is down")
    queue = begin(rows)
    until(lambda: queue.failures)
    for _ in range(200):
        queue.wake("a")
    time.sleep(0.1)
    assert rows.looks == 1
    rows.trouble = None
    until(lambda: rows.begun == ["a"])


def test_a_sweep_that_fails_is_counted_and_the_rows_go_on(
    begin: Callable[..., EmbeddedQueue], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    rows = Rows("a")

    def fail() -> object:
        raise OSError("the ERP is down")

    rows.sweeping = fail
    queue = begin(rows, sweep_every=timedelta(seconds=0.05))
    until(lambda: queue.failures >= 2)
    assert rows.begun == ["a"]


def test_a_long_sweep_holds_up_nobody(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    over = threading.Event()
    rows.sweeping = lambda: over.wait(10)
    queue = begin(rows)
    until(lambda: rows.sweeps == 1)
    rows.add("a")
    queue.wake("a")
    until(lambda: rows.begun == ["a"])
    over.set()


def test_rests_grow_and_are_forgotten() -> None:
    rests = Rests()
    ends = []
    for _ in range(5):
        rests.add("a", now=0.0, longest=6.0)
        ends.append(rests.first_end(0.0))
    assert ends == [1.0, 2.0, 4.0, 6.0, 6.0]
    assert (rests.resting(5.9), rests.resting(6.0)) == ({"a"}, set())
    rests.prune(10.0)
    rests.add("a", now=10.0, longest=6.0)
    assert rests.first_end(10.0) == 16.0  # still remembered
    rests.prune(10_000.0)
    rests.add("a", now=0.0, longest=6.0)
    assert rests.first_end(0.0) == 1.0
    rests.forget("a")
    assert rests.first_end(0.0) is None


# ---------------------------------------------------------------------------------------------------------- start, stop


def test_no_thread_runs_before_the_start_and_none_after_the_stop() -> None:
    queue = EmbeddedQueue(Rows, Clock(), workers=3)
    queue.wake()
    assert threads() == []
    assert queue.start()
    assert not queue.start()
    assert len(threads()) == 5  # a dispatcher, a sweeper, three workers
    assert queue.stop(10)
    assert not queue.is_running
    assert threads() == []
    assert queue.stop(10)


def test_a_stop_begins_nothing_more_and_waits_for_calls_in_flight() -> None:
    rows = Rows("a", "b", "c", "d")
    free = threading.Event()
    rows.performing = lambda _: free.wait(10)
    queue = EmbeddedQueue(lambda: rows, Clock(), workers=2)
    queue.start()
    until(lambda: len(rows.begun) == 2)
    assert not queue.stop(0.05)
    assert queue.snapshot().running == 2
    threading.Timer(0.1, free.set).start()
    assert queue.stop(10)
    assert rows.begun == ["a", "b"]
    assert list(rows.due_at) == ["c", "d"]
    assert queue.snapshot().running == 0


def test_it_can_be_started_again_and_what_is_still_in_flight_is_not_begun_twice() -> None:
    rows = Rows("slow", "b")
    rows.claims_first = False
    free = threading.Event()
    rows.performing = lambda id_: free.wait(10) if id_ == "slow" else "done"
    queue = EmbeddedQueue(lambda: rows, Clock(), workers=2)
    queue.start()
    until(lambda: list(rows.due_at) == ["slow"])
    assert not queue.stop(0)
    assert queue.start()
    rows.add("c")
    queue.wake("c")
    until(lambda: list(rows.due_at) == ["slow"])
    free.set()
    until(lambda: not rows.due_at)
    assert queue.stop(10)
    assert rows.twice_at_once == []
    assert rows.begun.count("slow") == 1


def test_a_call_may_stop_the_engine_that_runs_it() -> None:
    rows = Rows("a")
    queue = EmbeddedQueue(lambda: rows, Clock())
    stopped: list[bool] = []

    def perform(_: str) -> object:
        stopped.append(queue.stop(10))
        return "done"

    rows.performing = perform
    queue.start()
    until(lambda: stopped)
    assert stopped == [True]
    until(lambda: not threads())


def test_a_use_case_that_can_not_be_made_starts_nothing() -> None:
    def broken() -> Rows:
        raise ConfigurationError("sem chave")

    queue = EmbeddedQueue(broken, Clock())
    with pytest.raises(ConfigurationError, match="sem chave"):
        queue.start()
    assert not queue.is_running
    assert threads() == []


@pytest.mark.parametrize(("workers", "seconds"), [(0, 60), (8, 0)])
def test_an_engine_without_workers_or_sweep_is_refused(workers: int, seconds: int) -> None:
    with pytest.raises(ConfigurationError):
        EmbeddedQueue(Rows, Clock(), workers=workers, sweep_every=timedelta(seconds=seconds))


# ---------------------------------------------------------------------------------------------------------- until idle


def test_until_idle_sweeps_performs_what_is_due_and_leaves_no_thread() -> None:
    rows = Rows(*(f"n{number}" for number in range(50)))
    rows.add("tomorrow", due_in=86_400)
    rows.sweeping = lambda: rows.add("found by the sweep") if rows.sweeps == 1 else None
    queue = EmbeddedQueue(lambda: rows, Clock())
    assert queue.run_until_idle(10)
    assert list(rows.due_at) == ["tomorrow"]
    assert "found by the sweep" in rows.begun
    assert threads() == []


def test_until_idle_works_while_the_engine_runs_and_leaves_it_running(begin: Callable[..., EmbeddedQueue]) -> None:
    rows = Rows()
    queue = begin(rows)
    for number in range(5):
        rows.add(f"n{number}")
        assert queue.run_until_idle(10)
        assert not rows.due_at
    assert queue.is_running


def test_until_idle_does_not_wait_for_what_rests(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    rows = Rows("poison", "held", "good")

    def perform(id_: str) -> object | None:
        if id_ == "poison":
            raise ValueError("made up")
        return None if id_ == "held" else "done"

    rows.performing = perform
    queue = EmbeddedQueue(lambda: rows, Clock())
    assert queue.run_until_idle(10)
    assert sorted(rows.begun) == ["good", "held", "poison"]
    assert queue.failures == 1


def test_until_idle_says_when_its_time_is_over() -> None:
    rows = Rows("a", "b")
    rows.performing = lambda _: not threading.Event().wait(0.2)
    queue = EmbeddedQueue(lambda: rows, Clock(), workers=1)
    assert not queue.run_until_idle(0.05)
    assert rows.begun == ["a"]
    assert list(rows.due_at) == ["b"]


# ---------------------------------------------------------------------------------------------------------- forks

ROOT = Path(__file__).parents[3]
# In processes of their own: a test run has threads, and forks badly.
_FORK = """
import logging, os, sys
from credit_protection.adapters.queue.embedded import EmbeddedQueue
from credit_protection.domain.errors import ConfigurationError
from tests.adapters.queue.rows import Clock, Rows

logging.basicConfig(stream=sys.stdout, format="%(message)s")
rows = Rows("a")
queue = EmbeddedQueue(lambda: rows, Clock())
queue.wake("a")
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _FORK + program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_after_a_fork_a_started_queue_refuses_and_its_wake_up_is_logged_once() -> None:
    said = run("""
queue.start()
child = os.fork()
if child == 0:
    queue.wake("x"); queue.wake("x")
    print(queue.snapshot(), queue.is_running)
    for act in (queue.start, queue.stop, queue.run_until_idle):
        try:
            act()
        except ConfigurationError as error:
            print(error.code)
    sys.stdout.flush()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert queue.run_until_idle(10) and rows.begun == ["a"]
assert queue.stop(10)
""")
    assert said.count("can't be woken here (negativation x)") == 1
    assert said.count("fila_antes_do_fork") == 3
    assert "QueueSnapshot(waiting=0, running=0) False" in said


def test_a_queue_that_was_not_started_works_in_the_forked_process_even_if_its_lock_was_held() -> None:
    assert "['a']" in run("""
import threading
held, over = threading.Event(), threading.Event()
def hold():
    with queue._state.lock:
        held.set(); over.wait(30)
threading.Thread(target=hold, daemon=True).start()
held.wait(30)
child = os.fork()
if child == 0:
    assert queue.snapshot().waiting == 1
    assert queue.run_until_idle(10)
    print(rows.begun)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


def test_a_process_that_nobody_stops_ends_and_lets_the_call_in_flight_end() -> None:
    said = run("""
import threading, time
begun = threading.Event()
def slow(id_):
    begun.set(); time.sleep(0.3); print("the call ended", flush=True)
    return "done"
rows.performing = slow
queue.start()
begun.wait(10)
""")
    assert said == "the call ended\n"
