"""How far the drill is, in memory that all its processes share: load and kills go hand in hand."""

from __future__ import annotations

import mmap
import struct

_AHEAD = 0.02
_IN_STEP = 0.004
_SHARES = 4


class Progress:
    """Shared by forking; every field has one writer.

    Args:
        steps: how many happenings there are.
        kills: how many kills are wanted.
    """

    def __init__(self, steps: int, kills: int) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._steps = steps
        self._kills = kills
        self._ahead = _AHEAD + 2 / steps + 1 / kills
        self._in_step = _IN_STEP + 2 / steps

    @property
    def allowed(self) -> float:
        """Up to which share the happenings may go."""
        return 1.0 if self.killed >= self._kills else self.killed / self._kills + self._ahead

    @property
    def may_kill(self) -> bool:
        """Whether the load is as far as the kills."""
        return self.killed < self._kills and self.done / self._steps + self._ahead >= self.killed / self._kills

    def may_play(self, at: float, *, is_person: bool) -> bool:
        """Whether this happening's turn has come: neither the persons nor the ERP run ahead of the other."""
        return at <= self.allowed and at <= self._share(int(not is_person)) + self._in_step

    @property
    def is_killed_enough(self) -> bool:
        """Whether all kills were made."""
        return self.killed >= self._kills

    @property
    def done(self) -> int:
        """Happenings that have happened."""
        return self._read(0) + self._read(1)

    @property
    def killed(self) -> int:
        """Kills so far."""
        return self._read(2)

    @property
    def is_over(self) -> bool:
        """Whether the workers are to end."""
        return bool(self._read(3))

    def report(self, done: int, share: float, *, is_person: bool) -> None:
        """By the process that plays these happenings: how many, and up to which share."""
        self._write(int(is_person), done)
        struct.pack_into("d", self._memory, (_SHARES + int(is_person)) * 8, share)

    def count_kill(self) -> None:
        """By the supervisor."""
        self._write(2, self.killed + 1)

    def end(self) -> None:
        """By the supervisor."""
        self._write(3, 1)

    def _share(self, which: int) -> float:
        return float(struct.unpack_from("d", self._memory, (_SHARES + which) * 8)[0])

    def _read(self, slot: int) -> int:
        return int(struct.unpack_from("q", self._memory, slot * 8)[0])

    def _write(self, slot: int, value: int) -> None:
        struct.pack_into("q", self._memory, slot * 8, value)
