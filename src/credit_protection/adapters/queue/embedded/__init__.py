"""The queue engine of one process: threads that are started explicitly and sleep while nothing is due."""

from __future__ import annotations

from credit_protection.adapters.queue.embedded.engine import EmbeddedQueue

__all__ = ["EmbeddedQueue"]
