"""What the hands of one process work on: the use cases, and a word to the other processes where there is more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from credit_protection.adapters.queue.procrastinate.postbox import SWEEP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from credit_protection.adapters.queue.procrastinate.postbox import Postbox
    from credit_protection.ports.queue import Work
    from credit_protection.ports.storage import DueTransmission

_EARLY = 0.9


class Hands:
    """The use cases, as the threads of this process are to see them.

    Sweeping is asked of Procrastinate, so that one process does it for all. Where Procrastinate can't be reached, this
    process sweeps by itself: nothing that must happen depends on the engine.

    Args:
        work: the use cases.
        postbox: where wake-ups are put.
        is_carried: whether Procrastinate can be reached.
        workers: how many threads perform.
        sweep_every: seconds between sweeps.
    """

    def __init__(
        self, work: Work, postbox: Postbox, is_carried: Callable[[], bool], *, workers: int, sweep_every: float
    ) -> None:
        self._work = work
        self._postbox = postbox
        self._is_carried = is_carried
        self._workers = workers
        self._sweep_every = sweep_every
        self._asked_at = -sweep_every
        self.are_more = False
        """Whether more was due at the last look than these hands take at once."""

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """What may be claimed now."""
        due = self._work.due(limit)
        self.are_more = len(due) > self._workers
        return due

    def next_due_at(self) -> datetime | None:
        """When to look again."""
        return self._work.next_due_at()

    def perform(self, negativation_id: str, worker: str) -> object | None:
        """Claim, call, store."""
        return self._work.perform(negativation_id, worker)

    def sweep(self) -> object:
        """Called regularly, which Procrastinate sees to, and out of turn, where a lease may have run out."""
        now = time.monotonic()
        is_early = now - self._asked_at < self._sweep_every * _EARLY
        if not is_early:
            self._asked_at = now
        if not self._is_carried():
            return self._work.sweep()
        return is_early and self._postbox.post(SWEEP)
