"""How far a drill is, in memory that all its processes share: load and kills advance together."""

from __future__ import annotations

import mmap
import struct

_AHEAD = 0.02
_IN_STEP = 0.004
_SHARES = 5


class Progress:
    """Shared by forking; every field has one writer.

    Args:
        steps: how many steps the plan has.
        kills: how many kills are wanted.
    """

    def __init__(self, steps: int, kills: int) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._steps = steps
        self._ahead = _AHEAD + 2 / steps + 1 / kills
        self._in_step = _IN_STEP + 2 / steps
        self._write(4, kills)

    @property
    def allowed(self) -> float:
        """The share of the plan up to which steps may run now."""
        return 1.0 if self.is_killed_enough else self.killed / self._kills + self._ahead

    @property
    def may_kill(self) -> bool:
        """Whether the load is as far as the kills."""
        return not self.is_killed_enough and self.done / self._steps + self._ahead >= self.killed / self._kills

    def may_run(self, at: float, *, is_person: bool) -> bool:
        """Whether the step at this share may run: neither the persons nor the ERP run ahead of the other."""
        return at <= self.allowed and at <= self._share(int(not is_person)) + self._in_step

    @property
    def is_killed_enough(self) -> bool:
        """Whether all kills were made, or the supervisor stopped them."""
        return self.killed >= self._kills

    @property
    def done(self) -> int:
        """How many steps were executed."""
        return self._read(0) + self._read(1)

    @property
    def killed(self) -> int:
        """Kills so far."""
        return self._read(2)

    @property
    def is_over(self) -> bool:
        """Whether the workers shall stop."""
        return bool(self._read(3))

    def report(self, done: int, share: float, *, is_person: bool) -> None:
        """By the process that executes these steps: how many are done, and up to which share."""
        self._write(int(is_person), done)
        struct.pack_into("d", self._memory, (_SHARES + int(is_person)) * 8, share)

    def count_kill(self) -> None:
        """By the supervisor."""
        self._write(2, self.killed + 1)

    def stop_kills(self) -> None:
        """By the supervisor: no more kills, so that the load waits for none."""
        self._write(4, min(self._kills, self.killed))

    def end(self) -> None:
        """By the supervisor."""
        self._write(3, 1)

    @property
    def _kills(self) -> int:
        return self._read(4)

    def _share(self, which: int) -> float:
        return float(struct.unpack_from("d", self._memory, (_SHARES + which) * 8)[0])

    def _read(self, slot: int) -> int:
        return int(struct.unpack_from("q", self._memory, slot * 8)[0])

    def _write(self, slot: int, value: int) -> None:
        struct.pack_into("q", self._memory, slot * 8, value)
