"""Runs work in another thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
TIMEOUT = 20.0
"""Seconds: longer than anything that must happen takes."""
SHORT_WAIT = 0.15
"""Seconds: long enough to see that something does not happen."""


@contextmanager
def running_in_thread(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Run in another thread, which has begun, while the body runs; it must end within the time-out after it."""
    begun = threading.Event()

    def run() -> T:
        begun.set()
        return work()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        assert begun.wait(TIMEOUT)
        yield running
        running.result(TIMEOUT)


def run_in_thread(work: Callable[[], T]) -> T:
    """Run in another thread, to its end."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(TIMEOUT)
