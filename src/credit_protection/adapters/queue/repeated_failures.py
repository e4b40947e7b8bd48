"""Logs a failure that repeats once, and how often it did when it is over: not a traceback for each look."""

from __future__ import annotations

import logging
import threading
import time

_REMIND_AFTER = 600.0
_MOST_KNOWN = 1000


class RepeatedFailures:
    """The failures in a row of each piece of work. Thread-safe.

    Args:
        logger: where they are logged.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._known: dict[str, tuple[type[BaseException], int, float]] = {}

    def failed(self, work: str, error: BaseException, message: str, *values: object) -> None:
        """Log the first failure of a work with its traceback; then, from time to time, only their count."""
        now = time.monotonic()
        with self._lock:
            kind, count, told_at = self._known.get(work, (type(error), 0, now))
            if kind is not type(error):
                count = 0
            is_reminder = bool(count) and now - told_at >= _REMIND_AFTER
            if count or len(self._known) < _MOST_KNOWN:
                self._known[work] = (type(error), count + 1, now if is_reminder or not count else told_at)
        if not count:
            self._logger.error(message, *values, exc_info=error)
        elif is_reminder:
            self._logger.error("%s has failed %s times in a row: %s", work, count + 1, type(error).__name__)

    def succeeded(self, work: str) -> None:
        """Log that a work succeeds again after it failed more than once."""
        if work not in self._known:
            return
        with self._lock:
            _, count, _ = self._known.pop(work, (None, 0, 0.0))
        if count > 1:
            self._logger.warning("%s works again after %s failures in a row", work, count)
