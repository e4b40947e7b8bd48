"""Those who ask while others are being served are served together: one transaction for many (group commit).

Nobody waits for company: who comes alone is served alone, at once. Under load the groups grow by themselves, and what a
transaction costs is shared.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Together(Generic[Asked, Given]):
    """A service that takes turns, each turn for all who wait. Thread-safe.

    The first who comes serves, in its own thread; when it is done, one of those who came meanwhile serves all of them.

    Args:
        serve: gives one answer for each who asked, in order; all or nothing. Where it raises for several, each of them
            is served alone, in its own thread: one that can't be served keeps no other from it.
    """

    def __init__(self, serve: Callable[[Sequence[Asked]], Sequence[Given]]) -> None:
        self._serve = serve
        self._door = threading.Lock()
        self._waiting: list[_Place[Asked, Given]] = []
        self._is_serving = False

    def __call__(self, asked: Asked) -> Given:
        """Ask, and wait for the answer. Raises what `serve` raises."""
        place: _Place[Asked, Given] = _Place(asked)
        with self._door:
            self._waiting.append(place)
            leads = not self._is_serving
            self._is_serving = True
        if leads or place.comes_to_lead():
            self._serve_waiting(place)
        return place.given[0] if place.given else self._serve([asked])[0]

    def _serve_waiting(self, leader: _Place[Asked, Given]) -> None:
        with self._door:
            group, self._waiting = self._waiting, []
        try:
            given = self._serve([place.asked for place in group])
            for place, its in zip(group, given, strict=True):
                place.given.append(its)
        except Exception:
            if len(group) == 1:
                raise
        finally:
            self._hand_on()
            for place in group:
                if place is not leader:
                    place.wake()

    def _hand_on(self) -> None:
        with self._door:
            if self._waiting:
                self._waiting[0].wake(leads=True)
            else:
                self._is_serving = False


class _Place(Generic[Asked, Given]):
    """Somebody who waits."""

    __slots__ = ("_leads", "_sleep", "asked", "given")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.given: list[Given] = []
        self._leads = False
        self._sleep = threading.Lock()
        self._sleep.acquire()

    def comes_to_lead(self) -> bool:
        """Sleep until woken: True where it is this one's turn to serve, False where it was served."""
        self._sleep.acquire()
        return self._leads

    def wake(self, *, leads: bool = False) -> None:
        """Served, or the next to serve."""
        self._leads = leads
        self._sleep.release()
