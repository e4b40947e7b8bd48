"""What the contract needs to let two units meet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
PATIENCE = 20.0
"""Seconds that a test waits for what must come."""
A_MOMENT = 0.15
"""Seconds that a test waits to see that something does not come."""


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Future[T]]:
    """Run in another thread while the body runs; it must end soon after."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        yield running
        running.result(PATIENCE)


def meanwhile(work: Callable[[], T]) -> T:
    """Run in another thread, to its end."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(PATIENCE)
