"""The storage port in this process's memory: for tests and trials. Nothing outlives the process."""

from __future__ import annotations

from credit_protection.adapters.storage.memory.storage import MemoryStorage

__all__ = ["MemoryStorage"]
