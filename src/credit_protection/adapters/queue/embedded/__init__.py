"""The queue engine of one process: threads that are started on purpose and sleep while nothing is due."""

from __future__ import annotations

from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue
from credit_protection.adapters.queue.embedded.work import Work

__all__ = ["EmbeddedQueue", "Work"]
