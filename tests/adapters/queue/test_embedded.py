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

from credit_protection.adapters.clock import SystemClock
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.queue.embedded.pacing import RetryCooldowns
from credit_protection.domain.errors import ConfigurationError
from credit_protection.ports.queue import QueueSnapshot
from credit_protection.testing.contracts.queue.tasks import InMemoryTasks, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start() -> Iterator[Callable[..., EmbeddedQueue]]:
    """Starts a queue over tasks; stopped after the test."""
    queues: list[EmbeddedQueue] = []

    def create(tasks: InMemoryTasks, workers: int = 8, sweep_every: timedelta = timedelta(seconds=60)) -> EmbeddedQueue:
        queue = EmbeddedQueue(lambda: tasks, SystemClock(), workers=workers, sweep_every=sweep_every)
        queues.append(queue)
        queue.start()
        return queue

    yield create
    for queue in queues:
        assert queue.stop(10)


def threads() -> list[str]:
    """The threads of all engines."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("credit-protection-")]


def wait_until_idle(queue: EmbeddedQueue) -> None:
    """Wait until the first sweep and the fetches after it are done."""
    with queue._state.lock:
        assert queue._state.idle.wait_for(lambda: queue._state.fetch_count and queue._state.is_idle, 10)


# ---------------------------------------------------------------------------------------------------------- waking


def test_hundred_wakeups_cause_few_fetches_and_one_call_per_row(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    queue = start(tasks)
    wait_until_idle(queue)
    fetches = tasks.fetches
    may_end = threading.Event()
    tasks.on_perform = lambda _: may_end.wait(10)
    tasks.add("a")
    for _ in range(100):
        queue.wake("a")
    until(lambda: tasks.started)
    may_end.set()
    wait_until_idle(queue)
    assert tasks.started == ["a"]
    assert tasks.fetches - fetches < 50


def test_wakeup_is_served_at_once_and_not_at_the_next_sweep(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    queue = start(tasks)
    waited = []
    for id_ in [f"n{number}" for number in range(20)]:
        wait_until_idle(queue)
        tasks.add(id_)
        woken = time.monotonic()
        queue.wake(id_)
        until(lambda id_=id_: id_ in tasks.started_at)  # type: ignore[misc]
        waited.append(tasks.started_at[id_] - woken)
    # The next sweep is a minute away. A loaded machine may be slow now and then, not most of the time.
    assert sorted(waited)[len(waited) // 2] < 0.2
    assert tasks.started == [f"n{number}" for number in range(20)]


def test_wakeup_before_start_is_kept() -> None:
    tasks = InMemoryTasks()
    queue = EmbeddedQueue(lambda: tasks, SystemClock())
    queue.wake("a")
    queue.wake("b", datetime.now(UTC) + timedelta(hours=1))
    assert queue.snapshot() == QueueSnapshot(waiting=2, running=0)
    tasks.add("a")
    queue.start()
    until(lambda: tasks.started == ["a"])
    assert queue.stop(10)


def test_wakeup_for_later_is_pending_until_then(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    queue = start(tasks)
    wait_until_idle(queue)
    tasks.add("a", due_in=0.2)
    now = time.monotonic()
    queue.wake("a", datetime.now(UTC) + timedelta(seconds=0.2))
    assert queue.snapshot().waiting == 1
    until(lambda: tasks.started)
    assert tasks.started_at["a"] - now >= 0.19
    assert queue.snapshot().waiting == 0


def test_idle_engine_queries_nothing(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    tasks.add("tomorrow", due_in=86_400)
    queue = start(tasks)
    wait_until_idle(queue)
    fetches, sweeps = tasks.fetches, tasks.sweeps
    assert fetches <= 3
    spent = time.process_time()
    time.sleep(0.4)
    assert (tasks.fetches, tasks.sweeps) == (fetches, sweeps)
    assert time.process_time() - spent < 0.2


def test_due_instant_without_due_row_calls_the_sweep_once_and_does_not_loop(
    start: Callable[..., EmbeddedQueue],
) -> None:
    tasks = InMemoryTasks()
    tasks.next_due_at = lambda: datetime.now(UTC) - timedelta(hours=1)  # type: ignore[method-assign]
    start(tasks)
    until(lambda: tasks.sweeps == 2)
    time.sleep(0.3)
    assert tasks.sweeps == 2
    assert tasks.fetches <= 5


# ---------------------------------------------------------------------------------------------------------- order


def test_one_worker_keeps_the_order_of_due(start: Callable[..., EmbeddedQueue]) -> None:
    ids = [f"n{number}" for number in range(30)]
    tasks = InMemoryTasks(*ids)
    start(tasks, workers=1)
    until(lambda: not tasks.due_at)
    assert tasks.started == ids


def test_urgent_row_overtakes_rows_already_fetched(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks("a", "b", "c", "d")
    may_end = threading.Event()
    tasks.on_perform = lambda _: may_end.wait(10)
    queue = start(tasks, workers=1)
    until(lambda: tasks.started == ["a"])
    fetches = tasks.fetches
    tasks.add("urgent", most_urgent=True)
    queue.wake("urgent")
    until(lambda: tasks.fetches > fetches)
    until(lambda: "urgent" in queue._state.ready)
    may_end.set()
    until(lambda: not tasks.due_at)
    assert tasks.started == ["a", "urgent", "b", "c", "d"]


def test_row_that_stays_due_during_its_call_is_started_once(start: Callable[..., EmbeddedQueue]) -> None:
    # As another engine's storage, or a slow claim, would show it.
    tasks = InMemoryTasks("a", "b", "c")
    tasks.claims = False
    may_end = threading.Event()
    tasks.on_perform = lambda _: may_end.wait(10)
    queue = start(tasks)
    until(lambda: len(tasks.started) == 3)
    for _ in range(50):
        queue.wake()
        time.sleep(0.001)
    assert queue.snapshot().running == 3
    may_end.set()
    wait_until_idle(queue)
    assert tasks.overlapping == []
    assert sorted(tasks.started) == ["a", "b", "c"]


def test_row_due_again_during_its_call_is_performed_again(start: Callable[..., EmbeddedQueue]) -> None:
    # The payment comes while the inclusion is in flight: the same row is due at once, for its removal.
    tasks = InMemoryTasks()
    queue = start(tasks)
    wait_until_idle(queue)

    def include(id_: str) -> object:
        if len(tasks.started) == 1:
            tasks.recurring.add(id_)
            queue.wake(id_)
            until(lambda: queue.snapshot().waiting == 0)  # the dispatcher has fetched, and skipped the row in flight
        else:
            tasks.recurring.clear()
        return "done"

    tasks.on_perform = include
    tasks.add("a")
    queue.wake("a")
    until(lambda: not tasks.due_at)
    assert tasks.started == ["a", "a"]
    assert tasks.overlapping == []


# ---------------------------------------------------------------------------------------------------------- failures


def test_poison_row_cools_down_is_counted_and_logged_and_delays_no_other(
    start: Callable[..., EmbeddedQueue], caplog: pytest.LogCaptureFixture
) -> None:
    tasks = InMemoryTasks("poison", *(f"n{number}" for number in range(50)))

    def perform(id_: str) -> object:
        if id_ == "poison":
            raise ValueError("made up")
        return "done"

    tasks.on_perform = perform
    queue = start(tasks, workers=2)
    until(lambda: list(tasks.due_at) == ["poison"])
    for _ in range(100):
        queue.wake()
    time.sleep(0.1)
    assert tasks.started.count("poison") == queue.failures == 1
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "the transmission of negativation poison failed; it is retried after a cooldown"
    ]
    until(lambda: tasks.started.count("poison") == 2)  # after a second


def test_more_poison_rows_than_one_fetch_delay_no_other_row(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks(*(f"poison{number}" for number in range(40)), "good")

    def perform(id_: str) -> object:
        if id_ != "good":
            raise ValueError("made up")
        return "done"

    tasks.on_perform = perform
    start(tasks, workers=1)
    until(lambda: "good" in tasks.started)
    assert max(tasks.limits) > 40


def test_exit_raised_by_a_call_ends_no_worker(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks("a", "b", "c")

    def perform(id_: str) -> object:
        if id_ == "a":
            raise SystemExit
        return "done"

    tasks.on_perform = perform
    queue = start(tasks, workers=1)
    until(lambda: list(tasks.due_at) == ["a"])
    assert queue.failures == 1


def test_row_claimed_elsewhere_is_not_retried_in_a_loop(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks("claimed", "free")
    tasks.on_perform = lambda id_: None if id_ == "claimed" else "done"
    queue = start(tasks)
    until(lambda: list(tasks.due_at) == ["claimed"])
    for _ in range(50):
        queue.wake("claimed")
        time.sleep(0.002)
    assert tasks.started.count("claimed") == 1
    assert queue.failures == 0
    fetches = tasks.fetches
    time.sleep(0.2)
    assert tasks.fetches - fetches <= 2


def test_row_cooling_down_does_not_hide_rows_due_later(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks("claimed")
    tasks.on_perform = lambda id_: None if id_ == "claimed" else "done"
    start(tasks)
    until(lambda: tasks.started == ["claimed"])
    tasks.add("later", due_in=0.5)  # without a wake-up
    until(lambda: "later" in tasks.started)


def test_database_that_is_down_is_queried_rarely_and_again(
    start: Callable[..., EmbeddedQueue], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    tasks = InMemoryTasks("a")
    tasks.fetch_error = OSError("the database is down")
    queue = start(tasks)
    until(lambda: queue.failures)
    for _ in range(200):
        queue.wake("a")
    time.sleep(0.1)
    assert tasks.fetches == 1
    tasks.fetch_error = None
    until(lambda: tasks.started == ["a"])


def test_long_sweep_delays_no_call(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    over = threading.Event()
    tasks.on_sweep = lambda: over.wait(10)
    queue = start(tasks)
    until(lambda: tasks.sweeps == 1)
    tasks.add("a")
    queue.wake("a")
    until(lambda: tasks.started == ["a"])
    over.set()


def test_cooldowns_grow_and_expire() -> None:
    cooldowns = RetryCooldowns()
    ends = []
    for _ in range(5):
        cooldowns.add("a", now=0.0, longest=6.0)
        ends.append(cooldowns.next_ready_at(0.0))
    assert ends == [1.0, 2.0, 4.0, 6.0, 6.0]
    assert (cooldowns.cooling_down(5.9), cooldowns.cooling_down(6.0)) == ({"a"}, set())
    cooldowns.prune(10.0)
    cooldowns.add("a", now=10.0, longest=6.0)
    assert cooldowns.next_ready_at(10.0) == 16.0  # still remembered
    cooldowns.prune(10_000.0)
    cooldowns.add("a", now=0.0, longest=6.0)
    assert cooldowns.next_ready_at(0.0) == 1.0
    cooldowns.remove("a")
    assert cooldowns.next_ready_at(0.0) is None


# ---------------------------------------------------------------------------------------------------------- start, stop


def test_no_thread_runs_before_start_or_after_stop() -> None:
    queue = EmbeddedQueue(InMemoryTasks, SystemClock(), workers=3)
    queue.wake()
    assert threads() == []
    assert queue.start()
    assert not queue.start()
    assert len(threads()) == 5  # a dispatcher, a sweeper, three workers
    assert queue.stop(10)
    assert not queue.is_running
    assert threads() == []
    assert queue.stop(10)


def test_calls_in_flight_are_counted_during_and_after_stop() -> None:
    tasks = InMemoryTasks("a", "b", "c", "d")
    may_end = threading.Event()
    tasks.on_perform = lambda _: may_end.wait(10)
    queue = EmbeddedQueue(lambda: tasks, SystemClock(), workers=2)
    queue.start()
    until(lambda: len(tasks.started) == 2)
    assert not queue.stop(0.05)
    assert queue.snapshot().running == 2
    may_end.set()
    assert queue.stop(10)
    assert queue.snapshot().running == 0
    assert tasks.started == ["a", "b"]
    assert list(tasks.due_at) == ["c", "d"]


def test_restarted_engine_does_not_repeat_a_call_in_flight() -> None:
    tasks = InMemoryTasks("slow", "b")
    tasks.claims = False
    may_end = threading.Event()
    tasks.on_perform = lambda id_: may_end.wait(10) if id_ == "slow" else "done"
    queue = EmbeddedQueue(lambda: tasks, SystemClock(), workers=2)
    queue.start()
    until(lambda: list(tasks.due_at) == ["slow"])
    assert not queue.stop(0)
    assert queue.start()
    tasks.add("c")
    queue.wake("c")
    until(lambda: list(tasks.due_at) == ["slow"])
    may_end.set()
    until(lambda: not tasks.due_at)
    assert queue.stop(10)
    assert tasks.overlapping == []
    assert tasks.started.count("slow") == 1


def test_call_may_stop_the_engine_that_runs_it() -> None:
    tasks = InMemoryTasks("a")
    queue = EmbeddedQueue(lambda: tasks, SystemClock())
    stopped: list[bool] = []

    def perform(_: str) -> object:
        stopped.append(queue.stop(10))
        return "done"

    tasks.on_perform = perform
    queue.start()
    until(lambda: stopped)
    assert stopped == [True]
    until(lambda: not threads())


def test_failing_construction_of_use_cases_starts_nothing() -> None:
    def broken() -> InMemoryTasks:
        raise ConfigurationError("sem chave")

    queue = EmbeddedQueue(broken, SystemClock())
    with pytest.raises(ConfigurationError, match="sem chave"):
        queue.start()
    assert not queue.is_running
    assert threads() == []


@pytest.mark.parametrize(("workers", "seconds"), [(0, 60), (8, 0)])
def test_engine_without_workers_or_sweep_is_refused(workers: int, seconds: int) -> None:
    with pytest.raises(ConfigurationError):
        EmbeddedQueue(InMemoryTasks, SystemClock(), workers=workers, sweep_every=timedelta(seconds=seconds))


# ---------------------------------------------------------------------------------------------------------- until idle


def test_run_until_idle_sweeps_performs_due_rows_and_leaves_no_thread() -> None:
    tasks = InMemoryTasks(*(f"n{number}" for number in range(50)))
    tasks.add("tomorrow", due_in=86_400)
    tasks.on_sweep = lambda: tasks.add("found by the sweep") if tasks.sweeps == 1 else None
    queue = EmbeddedQueue(lambda: tasks, SystemClock())
    assert queue.run_until_idle(10)
    assert list(tasks.due_at) == ["tomorrow"]
    assert "found by the sweep" in tasks.started
    assert threads() == []


def test_run_until_idle_leaves_a_running_engine_running(start: Callable[..., EmbeddedQueue]) -> None:
    tasks = InMemoryTasks()
    queue = start(tasks)
    for number in range(5):
        tasks.add(f"n{number}")
        assert queue.run_until_idle(10)
        assert not tasks.due_at
    assert queue.is_running


def test_run_until_idle_does_not_wait_for_cooldowns(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    tasks = InMemoryTasks("poison", "claimed", "good")

    def perform(id_: str) -> object | None:
        if id_ == "poison":
            raise ValueError("made up")
        return None if id_ == "claimed" else "done"

    tasks.on_perform = perform
    queue = EmbeddedQueue(lambda: tasks, SystemClock())
    assert queue.run_until_idle(10)
    assert sorted(tasks.started) == ["claimed", "good", "poison"]
    assert queue.failures == 1


def test_run_until_idle_reports_a_timeout() -> None:
    tasks = InMemoryTasks("a", "b")
    tasks.on_perform = lambda _: not threading.Event().wait(0.2)
    queue = EmbeddedQueue(lambda: tasks, SystemClock(), workers=1)
    assert not queue.run_until_idle(0.05)
    assert tasks.started == ["a"]
    assert list(tasks.due_at) == ["b"]


# ---------------------------------------------------------------------------------------------------------- forks

ROOT = Path(__file__).parents[3]
# In processes of their own: a test run has threads, and forks badly.
_FORK = """
import logging, os, sys
from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.domain.errors import ConfigurationError
from credit_protection.adapters.clock import SystemClock
from credit_protection.testing.contracts.queue.tasks import InMemoryTasks

logging.basicConfig(stream=sys.stdout, format="%(message)s")
tasks = InMemoryTasks("a")
queue = EmbeddedQueue(lambda: tasks, SystemClock())
queue.wake("a")
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _FORK + program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_started_queue_refuses_after_a_fork_and_logs_its_wakeup_once() -> None:
    output = run("""
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
assert queue.run_until_idle(10) and tasks.started == ["a"]
assert queue.stop(10)
""")
    assert output.count("can't be woken here (negativation x)") == 1
    assert output.count("fila_antes_do_fork") == 3
    assert "QueueSnapshot(waiting=0, running=0) False" in output


def test_queue_not_started_works_after_a_fork_even_if_its_lock_was_held() -> None:
    assert "['a']" in run("""
import threading
locked, over = threading.Event(), threading.Event()
def keep_lock():
    with queue._state.lock:
        locked.set(); over.wait(30)
threading.Thread(target=keep_lock, daemon=True).start()
locked.wait(30)
child = os.fork()
if child == 0:
    assert queue.snapshot().waiting == 1
    assert queue.run_until_idle(10)
    print(tasks.started)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


def test_exiting_process_finishes_the_call_in_flight() -> None:
    output = run("""
import threading, time
started = threading.Event()
def slow(id_):
    started.set(); time.sleep(0.3); print("the call ended", flush=True)
    return "done"
tasks.on_perform = slow
queue.start()
started.wait(10)
""")
    assert output == "the call ended\n"
