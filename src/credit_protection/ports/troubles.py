"""Where the parts of a process report that they fail, so that alarms name them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from credit_protection.domain.troubles import Trouble, TroubleKind

_MOST = 100
_LONGEST = 500


class Troubles:
    """The parts of this process that fail now. Thread-safe; the sweep stores them for the alarms of other processes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: dict[tuple[TroubleKind, str], Trouble] = {}

    def report(self, kind: TroubleKind, subject: str, message: str) -> bool:
        """Note that a part fails; returns whether that is new."""
        with self._lock:
            is_new = (kind, subject) not in self._present
            if not is_new or len(self._present) < _MOST:
                self._present[kind, subject] = Trouble(kind, subject, message[:_LONGEST])
            return is_new

    def clear(self, kind: TroubleKind, *, except_subjects: Sequence[str] = (), subject: str | None = None) -> None:
        """Note that a part works again: this one, or all of the kind but some."""
        if not self._present:
            return
        with self._lock:
            for key in [each for each in self._present if each[0] is kind and each[1] not in except_subjects]:
                if subject is None or key[1] == subject:
                    del self._present[key]

    def present(self) -> Sequence[Trouble]:
        """Those that fail now."""
        with self._lock:
            return sorted(self._present.values())
