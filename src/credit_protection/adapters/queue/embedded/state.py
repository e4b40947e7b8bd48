"""What the threads of the embedded engine share: what woke them, what is ready, who is at work."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING

from credit_protection.adapters.queue.embedded.crowd import Crowd
from credit_protection.adapters.queue.embedded.rests import Rests

if TYPE_CHECKING:
    from credit_protection.adapters.queue.embedded.crew import Crew


class State:
    """What the threads share. Everything here is read and written under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # re-entrant: a signal handler may wake or stop
        self.dispatcher = threading.Condition(self.lock)
        self.workers = threading.Condition(self.lock)
        self.sweeper = threading.Condition(self.lock)
        self.idle = threading.Condition(self.lock)
        self.crew: Crew | None = None
        self.woken = False
        self.wakes = 0
        self.alarm = math.inf
        self.ready: deque[str] = deque()
        self.running: set[str] = set()
        self.begun: set[str] = set()  # since the last look began
        self.are_more = False  # due than the last look asked for
        self.rests = Rests()
        self.crowd = Crowd()
        self.looks = 0
        self.looking = False
        self.sweeping = False
        self.failures = 0

    @property
    def is_idle(self) -> bool:
        """Whether nobody does, or is about to do, anything."""
        return not (self.woken or self.looking or self.sweeping or self.ready or self.running)

    def renew(self) -> None:
        """Make ready for a new crew; it sweeps and looks first. What an older one still runs stays in flight."""
        self.ready.clear()
        self.looking = False
        self.woken = self.sweeping = True

    def wake_all(self) -> None:
        """Let everybody look at how things stand."""
        for condition in (self.dispatcher, self.workers, self.sweeper, self.idle):
            condition.notify_all()
