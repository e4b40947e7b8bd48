"""The operations of an extract by key: what stands after the newest one. Only dates order them, never their rows."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from credit_protection.domain.adoption_assessment import LEFT, STANDING, ExtractRow

_SECONDS = 1 << 17
"""More than a day has; a day without a time is its second 0."""
_UNDATED = 0
_NONE = -1


class KeyState(StrEnum):
    """What an extract says about one key."""

    STANDS = "stands"
    LEFT = "left"
    UNKNOWN = "unknown"
    """Rows contradict each other, and no date says which is newer."""


class OperationLog:
    """Remembers two numbers for each key, never the rows."""

    def __init__(self) -> None:
        self._newest: dict[int, tuple[int, int]] = {}

    def add(self, row: ExtractRow) -> None:
        """Take one row into account; a refused inclusion says nothing about what stands."""
        if row.state is None or row.state not in STANDING | LEFT:
            return
        key = hash(row.key)
        stood, left = self._newest.get(key, (_NONE, _NONE))
        at = _number(row.operated_at)
        self._newest[key] = (_newer(stood, at), left) if row.state in STANDING else (stood, _newer(left, at))

    def state(self, row: ExtractRow) -> KeyState:
        """What stands of the row's key."""
        stood, left = self._newest.get(hash(row.key), (_NONE, _NONE))
        if left == _NONE:
            return KeyState.STANDS
        if stood == _NONE:
            return KeyState.LEFT
        if _UNDATED in {stood, left} or _is_tied(stood, left):
            return KeyState.UNKNOWN
        return KeyState.STANDS if stood > left else KeyState.LEFT


def _number(at: date | datetime | None) -> int:
    if at is None:
        return _UNDATED
    seconds = (at.hour * 60 + at.minute) * 60 + at.second + 1 if isinstance(at, datetime) else 0
    return at.toordinal() * _SECONDS + seconds


def _is_tied(one: int, other: int) -> bool:
    """Whether neither is newer: the same instant, or the same day without the time of one."""
    has_no_time = 0 in {one % _SECONDS, other % _SECONDS}
    return one == other or (has_no_time and one // _SECONDS == other // _SECONDS)


def _newer(one: int, other: int) -> int:
    """The newer of two; undated where one is, and without a time where one of the same day is."""
    if _NONE in {one, other}:
        return max(one, other)
    if _UNDATED in {one, other}:
        return _UNDATED
    return min(one, other) if _is_tied(one, other) else max(one, other)
