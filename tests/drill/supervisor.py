"""The supervisor: forks the processes from a parent that has all modules loaded, kills them, and waits for the end.

It has no thread and keeps no connection, so that its children start clean and fast.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.ports.failpoints import APPLY, CREATE, PERFORM, RELEASE
from tests.drill import host, processes
from tests.drill.installation import MAX_EFFECT_DELAY
from tests.drill.processes import RECORD, CrashPoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_protection.testing.simulator.controls import SimulatorControls
    from tests.drill.processes import Scenario

WORKERS = ("worker-1", "worker-2")
OTHERS = ("operator", "cashier")
POINTS = {"worker": (*PERFORM, *APPLY, *RELEASE), "operator": CREATE, "cashier": (*RECORD, *APPLY)}
LATE, KILLED, STALLED, PAID = 6, 2, 1, 4
DIRECTED = LATE + KILLED + STALLED + PAID
"""Invoices of the directed scenarios: inclusions with a delayed effect, workers killed at the call, a worker stopped
before it for longer than its lease and the quiet period, and invoices paid during the request."""
_TICK = 0.004
_POLL_EVERY = 0.3
_AT_A_POINT = 0.75
_UNTOUCHED_POINT = 0.6
_ANY_POINT = 0.8
_LONGEST_LIFE = {"worker": 4.0, "operator": 20.0, "cashier": 20.0}
_PASSES = {"worker": (1, 4), "operator": (20, 80), "cashier": (5, 50)}
"""How often a process passes its crash point before it is killed."""
_LIFE = {"worker": (0.35, 2.2), "operator": (4.0, 9.0), "cashier": (4.0, 9.0)}
_DIRECTED_SECONDS = 15.0
_LIMITS_OF_A_DRAIN = 5
_STALLED_AFTER = 30.0
"""Seconds without a step after which a load that is over its time is given up."""


@dataclass
class _Running:
    """A running process."""

    pid: int
    kill_at: float | None


@dataclass
class Supervisor:
    """Starts, kills and restarts the processes of a drill.

    Args:
        scenario: of the drill.
        bureau: the simulated one.
        seed: of the kills.
        log: of the processes' errors.
    """

    scenario: Scenario
    bureau: SimulatorControls
    seed: int
    log: Path
    killed_at: Counter[str] = field(default_factory=Counter)
    killed_others: int = 0
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - who is killed when
        self._running: dict[str, _Running] = {}
        self._ended: set[str] = set()
        self._reports, self._reporting = os.pipe()
        os.set_blocking(self._reports, False)

    # ------------------------------------------------------------------------------------------ the drill

    def run_directed_scenarios(self) -> None:
        """Run the scenarios that chance may not bring; no other process is killed."""
        invoices = host.directed_invoices(DIRECTED, 0)
        late, killed = invoices[:LATE], invoices[LATE : LATE + KILLED]
        stalled, paid = invoices[LATE + KILLED : -PAID], invoices[-PAID:]
        for invoice_id, point in zip(killed, ("call.after", "claim.committed"), strict=True):
            self.run_process(lambda invoice_id=invoice_id: processes.request(self.scenario, [invoice_id]))  # type: ignore[misc]
            self._crash_at(point)
        self.run_process(lambda: processes.request(self.scenario, stalled))
        stop = CrashPoint("call.before", 1, lambda _: None, by=signal.SIGSTOP)
        frozen = self._fork(lambda: processes.transmit_one(self.scenario), stop)
        _, status = os.waitpid(frozen, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise RuntimeError("nothing was due")
        for invoice_id in late:
            document = host.document_of(host.customer_of(invoice_id))
            self.bureau.add_fault(
                "include", "delayed_effect", times=1, delay=MAX_EFFECT_DELAY, match={"documento": document}
            )
        self.run_process(lambda: processes.request(self.scenario, late))
        self.run_process(lambda: processes.pay_during_request(self.scenario, paid))
        for slot in WORKERS:
            self._start(slot, kills=False)
        until = time.monotonic() + _DIRECTED_SECONDS
        while time.monotonic() < until and self._open_work():
            self._tick(kills=False)
            time.sleep(_POLL_EVERY)
        self.bureau.clear_faults()
        os.kill(frozen, signal.SIGCONT)
        os.waitpid(frozen, 0)

    def inject_faults(self, share: float) -> None:
        """Make this share of the bureau's calls fail in various ways."""
        faults: tuple[tuple[str, float, dict[str, object]], ...] = (
            ("lost_reply", 0.24, {}),
            ("delayed_effect", 0.22, {"delay": [0.05, MAX_EFFECT_DELAY]}),
            ("garbage", 0.12, {}),
            ("garbage", 0.06, {"effect": False}),
            ("unavailable", 0.12, {}),
            ("bad_gateway", 0.06, {"effect": True}),
            ("rate_limited", 0.005, {"retry_after": 1}),
            ("rate_limited", 0.055, {"retry_after": 0}),
            ("latency", 0.12, {"delay": [0.05, 0.4]}),
        )
        for operation in ("include", "remove", "find"):
            spared = 1.0
            for kind, part, details in faults:
                chance = share * part
                # A fault is tried only where those before it did not fire.
                given = chance if kind == "latency" else chance / spared
                self.bureau.add_fault(operation, kind, probability=given, **details)
                spared -= 0.0 if kind == "latency" else chance

    def run_load(self, limit: float) -> bool:
        """Run the load with its kills; False where it stalled.

        After `limit` seconds the kills end and the load goes on without them.
        """
        progress = self.scenario.progress
        done, give_up_at = progress.done, time.monotonic() + limit + _STALLED_AFTER
        kills_until = time.monotonic() + limit
        for slot in (*WORKERS, *OTHERS):
            if slot not in self._running:
                self._start(slot)
        while not (self._ended.issuperset(OTHERS) and progress.is_killed_enough):
            now = time.monotonic()
            if now > kills_until:
                progress.stop_kills()
            if progress.done > done:
                done, give_up_at = progress.done, max(give_up_at, now + _STALLED_AFTER)
            if now > give_up_at:
                return False
            self._tick(kills=True)
            time.sleep(_TICK)
        return True

    def drain(self, limit: float) -> bool:
        """Let the workers finish undisturbed; False where no open work was finished for `limit` seconds.

        It ends after five times `limit`, and what is still open then is a failure of the drill.
        """
        swept, least, give_up_at = 0, self._open_work(), time.monotonic() + limit
        longest = _LIMITS_OF_A_DRAIN * limit
        end = time.monotonic() + longest
        while time.monotonic() < give_up_at:
            if time.monotonic() >= end:
                left = self._open_work()
                self.failed.append(
                    f"{left} transmissions or settlements are still open after a drain of {longest:.0f} seconds"
                )
                return False
            self._tick(kills=False)
            left = self._open_work()
            if left < least:
                least, give_up_at = left, time.monotonic() + limit
            if left:
                time.sleep(_POLL_EVERY)
                continue
            if swept == 2:
                return True
            self.run_process(lambda: processes.sweep_all(self.scenario))
            swept += 1
            least, give_up_at = self._open_work(), time.monotonic() + limit
        return False

    def end(self) -> None:
        """Stop the workers; kill those that do not end."""
        self.scenario.progress.end()
        until = time.monotonic() + 5
        while self._running and time.monotonic() < until:
            self._tick(kills=False)
            time.sleep(_TICK)
        for running in self._running.values():
            os.kill(running.pid, signal.SIGKILL)
            os.waitpid(running.pid, 0)
        self._running.clear()

    def run_process(self, task: Callable[[], None]) -> None:
        """Run a task in a process of its own, and wait for it."""
        pid = self._fork(task)
        _, status = os.waitpid(pid, 0)
        if status:
            self.failed.append(f"a process ended with {status}")

    # ------------------------------------------------------------------------------------------ processes

    def _start(self, slot: str, *, kills: bool = True) -> None:
        role = slot.partition("-")[0]
        crash_point, kill_at = None, None
        progress = self.scenario.progress
        if kills and not progress.is_killed_enough:
            kill_at = time.monotonic() + self._chance.uniform(*_LIFE[role])
            if self._chance.random() < _AT_A_POINT:
                point = self._chosen(role)
                passes = 1 if role == "worker" and point not in PERFORM else self._chance.randint(*_PASSES[role])
                crash_point = CrashPoint(
                    point, passes, lambda point: self._report(f"{role} {point}"), lambda: progress.may_kill
                )
                kill_at = time.monotonic() + _LONGEST_LIFE[role]
        self._running[slot] = _Running(self._fork(self._task(role), crash_point), kill_at)

    def _chosen(self, role: str) -> str:
        """A point without a kill yet, any point, or the one with the fewest kills: some are rarely passed."""
        untouched = [point for point in POINTS[role] if not self.killed_at[f"{role} {point}"]]
        if untouched and self._chance.random() < _UNTOUCHED_POINT:
            return self._chance.choice(untouched)
        if self._chance.random() < _ANY_POINT:
            return self._chance.choice(POINTS[role])
        return min(POINTS[role], key=lambda point: (self.killed_at[f"{role} {point}"], self._chance.random()))

    def _task(self, role: str) -> Callable[[], None]:
        tasks = {"worker": processes.work, "operator": processes.operate, "cashier": processes.take_money}
        return lambda: tasks[role](self.scenario)

    def _crash_at(self, point: str) -> None:
        """Run a worker of one thread that kills itself at a point of its first transmission."""
        crash_point = CrashPoint(point, 1, lambda point: self._report(f"worker {point}"))
        pid = self._fork(lambda: processes.work(self.scenario, 1), crash_point)
        _, status = os.waitpid(pid, 0)
        if status == signal.SIGKILL:
            self.scenario.progress.count_kill()

    def _fork(self, task: Callable[[], None], crash_point: CrashPoint | None = None) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            if crash_point is not None:
                crash_point.install()
            task()
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it is, nothing of the parent's may run here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _report(self, point: str) -> None:
        os.write(self._reporting, f"{point}\n".encode())

    def _tick(self, *, kills: bool) -> None:
        """Note processes that ended, kill those that are due, and restart."""
        self._listen()
        now = time.monotonic()
        for slot, running in list(self._running.items()):
            if kills and not running.kill_at and self.scenario.progress.may_kill:
                running.kill_at = now + self._chance.uniform(*_LIFE[slot.partition("-")[0]])
            if kills and running.kill_at and now >= running.kill_at and self.scenario.progress.may_kill:
                os.kill(running.pid, signal.SIGKILL)
                running.kill_at = None
            pid, status = os.waitpid(running.pid, os.WNOHANG)
            if not pid:
                continue
            del self._running[slot]
            if status == signal.SIGKILL and slot in WORKERS:
                self.scenario.progress.count_kill()
            elif status == signal.SIGKILL:
                self.killed_others += 1
            elif status or slot in WORKERS:
                if not self.scenario.progress.is_over:
                    self.failed.append(f"{slot} ended with {status}")
            else:
                self._ended.add(slot)
            if slot not in self._ended and not self.scenario.progress.is_over:
                self._start(slot, kills=kills)

    def _listen(self) -> None:
        try:
            points = os.read(self._reports, 65536).decode()
        except BlockingIOError:
            return
        self.killed_at.update(points.split("\n")[:-1])

    def _open_work(self) -> int:
        read = self.scenario.database.read_once
        ((waiting,),) = read("SELECT count(*) FROM cp_negativation WHERE queue IS NOT NULL")
        ((unapplied,),) = read("SELECT count(*) FROM cp_settlement WHERE applied_at IS NULL")
        return int(waiting + unapplied)
