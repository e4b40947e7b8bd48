"""Runs event hooks so that none of them stops the work: neither by what it raises nor by never returning."""

from __future__ import annotations

import contextvars
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue

from credit_protection.domain.troubles import TroubleKind
from credit_protection.ports.troubles import Troubles

log = logging.getLogger(__name__)
_LIVENESS_CHECK = 0.5


class HookRunner:
    """Calls each hook in another thread, and waits for it: in order, but for no longer than the time limit.

    A plugin whose hook has not returned by then is suspended: none of its hooks is called until that call has ended.
    Thread-safe. No thread starts before the first call.

    Args:
        troubles: where a suspended plugin is reported.
        time_limit: seconds.
    """

    def __init__(self, troubles: Troubles, time_limit: float) -> None:
        self._troubles = troubles
        self._time_limit = time_limit
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._idle: list[_HookThread] = []
        self._stuck: Counter[str] = Counter()

    def run(self, plugin: str, hook: str, act: Callable[[], object]) -> None:
        """Call one hook of a plugin; nothing that it raises gets out."""
        call = _Call(plugin, hook, act)
        if isinstance(threading.current_thread(), _HookThread):  # a hook's own act caused the event
            call.run()
            return
        with self._lock:
            if self._pid != os.getpid():  # forked: the threads are the parent's
                self._pid, self._idle, self._stuck = os.getpid(), [], Counter()
            if self._stuck[plugin]:
                return
            thread = self._idle.pop() if self._idle else None
        if thread is None:
            thread = _HookThread(self._finished)
            thread.start()
        thread.calls.put(call)
        self._wait(call, thread)

    def _wait(self, call: _Call, thread: _HookThread) -> None:
        left = self._time_limit
        while not call.ended.wait(min(max(left, 0.0), _LIVENESS_CHECK)):
            left -= _LIVENESS_CHECK
            if not thread.is_alive():
                log.error("the hook %s of the plugin %s ended its thread", call.hook, call.plugin)
                return
            if left <= 0:
                self._give_up(call)
                return

    def _give_up(self, call: _Call) -> None:
        with self._lock:
            if call.ended.is_set():
                return
            call.is_given_up = True
            self._stuck[call.plugin] += 1
        message = (
            f"O gancho {call.hook} do plugin {call.plugin} não terminou em {self._time_limit:g} s. O plugin não recebe "
            "eventos até que ele termine. Corrija o plugin e reinicie o processo."
        )
        self._troubles.report(TroubleKind.HOOK, call.plugin, message)
        log.error("the hook %s of the plugin %s does not return: the plugin is suspended", call.hook, call.plugin)

    def _finished(self, call: _Call, thread: _HookThread) -> None:
        with self._lock:
            call.ended.set()
            self._idle.append(thread)
            if not call.is_given_up:
                return
            self._stuck[call.plugin] -= 1
            is_back = not self._stuck[call.plugin]
        if is_back:
            self._troubles.clear(TroubleKind.HOOK, subject=call.plugin)
            log.warning("the hook %s has returned: the plugin %s receives events again", call.hook, call.plugin)


class _Call:
    """One call of a hook; given up where nobody waits for it any more."""

    __slots__ = ("_act", "_context", "ended", "hook", "is_given_up", "plugin")

    def __init__(self, plugin: str, hook: str, act: Callable[[], object]) -> None:
        self.plugin, self.hook = plugin, hook
        self._act = act
        self._context = contextvars.copy_context()
        self.ended = threading.Event()
        self.is_given_up = False

    def run(self) -> None:
        try:
            self._context.run(self._act)
        except BaseException:  # SystemExit too: a hook ends nothing but itself
            log.exception("an event hook failed", extra={"hook": self.hook, "plugin": self.plugin})


class _HookThread(threading.Thread):
    """Runs one call after the other; a daemon, so that a hook that never returns keeps no process alive."""

    def __init__(self, finished: Callable[[_Call, _HookThread], None]) -> None:
        super().__init__(name="credit-protection-hook", daemon=True)
        self.calls: SimpleQueue[_Call] = SimpleQueue()
        self._finished = finished

    def run(self) -> None:
        while True:
            call = self.calls.get()
            call.run()
            self._finished(call, self)
            del call
