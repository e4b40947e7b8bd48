"""The supervisor: forks the processes from a parent that has everything loaded, kills them, and waits for the end.

It has no thread and keeps no connection, so that its children start clean and at once.
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

from credit_protection.application.checkpoints import APPLY, CREATE, LET_GO, PERFORM
from tests.drill import host, roles
from tests.drill.installation import LATEST_LANDING
from tests.drill.roles import RECORD, Death

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_protection.testing.simulator.controls import SimulatorControls
    from tests.drill.roles import Scene

WORKERS = ("worker-1", "worker-2")
OTHERS = ("operator", "cashier")
POINTS = {"worker": (*PERFORM, *APPLY, *LET_GO), "operator": CREATE, "cashier": (*RECORD, *APPLY)}
LATE, KILLED, STALLED, PAID = 6, 2, 1, 4
DIRECTED = LATE + KILLED + STALLED + PAID
"""Invoices of the directed scenes: inclusions that land late, workers killed at the call, one that stands still before
it for longer than its lease and the quiet period, and invoices paid while they are asked for."""
_TICK = 0.004
_LOOK_EVERY = 0.3
_AT_A_POINT = 0.75
_UNTOUCHED_POINT = 0.6
_ANY_POINT = 0.8
_LONGEST_LIFE = {"worker": 4.0, "operator": 20.0, "cashier": 20.0}
_PASSES = {"worker": (1, 4), "operator": (20, 80), "cashier": (5, 50)}
"""How often a process passes the point that it is to die at."""
_LIFE = {"worker": (0.35, 2.2), "operator": (4.0, 9.0), "cashier": (4.0, 9.0)}
_DIRECTED_SECONDS = 15.0


@dataclass
class _Running:
    """One process."""

    pid: int
    kill_at: float | None


@dataclass
class Supervisor:
    """Args: the scene, the bureau, the seed, and where the processes' errors are written."""

    scene: Scene
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
        self._told, self._telling = os.pipe()
        os.set_blocking(self._told, False)

    # ------------------------------------------------------------------------------------------ the drill

    def direct(self) -> None:
        """The scenes that make certain what chance may not bring; nobody is killed besides."""
        invoices = host.directed_invoices(DIRECTED, 0)
        late, killed = invoices[:LATE], invoices[LATE : LATE + KILLED]
        stalled, paid = invoices[LATE + KILLED : -PAID], invoices[-PAID:]
        for invoice_id, point in zip(killed, ("call.after", "claim.committed"), strict=True):
            self.run(lambda invoice_id=invoice_id: roles.ask_for(self.scene, [invoice_id]))  # type: ignore[misc]
            self._die_at(point)
        self.run(lambda: roles.ask_for(self.scene, stalled))
        stop = Death("call.before", 1, lambda _: None, by=signal.SIGSTOP)
        frozen = self._fork(lambda: roles.transmit_one(self.scene), stop)
        _, status = os.waitpid(frozen, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise RuntimeError("nothing was due")
        for invoice_id in late:
            document = host.document_of(host.customer_of(invoice_id))
            self.bureau.add_fault(
                "include", "late_landing", times=1, delay=LATEST_LANDING, match={"documento": document}
            )
        self.run(lambda: roles.ask_for(self.scene, late))
        self.run(lambda: roles.paid_while_asking(self.scene, paid))
        for slot in WORKERS:
            self._start(slot, kills=False)
        until = time.monotonic() + _DIRECTED_SECONDS
        while time.monotonic() < until and not self._is_drained():
            self._tick(kills=False)
            time.sleep(_LOOK_EVERY)
        self.bureau.clear_faults()
        os.kill(frozen, signal.SIGCONT)
        os.waitpid(frozen, 0)

    def misbehave(self, share: float) -> None:
        """Let so many of the bureau's calls misbehave, one way or another."""
        ways: tuple[tuple[str, float, dict[str, object]], ...] = (
            ("lost_reply", 0.24, {}),
            ("late_landing", 0.22, {"delay": [0.05, LATEST_LANDING]}),
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
            for kind, part, details in ways:
                chance = share * part
                # A rule is asked only where those before it did not fire.
                given = chance if kind == "latency" else chance / spared
                self.bureau.add_fault(operation, kind, probability=given, **details)
                spared -= 0.0 if kind == "latency" else chance

    def play(self, limit: float) -> bool:
        """The load, and the kills; whether all of it was played in time."""
        until = time.monotonic() + limit
        for slot in (*WORKERS, *OTHERS):
            if slot not in self._running:
                self._start(slot)
        while not (self._ended.issuperset(OTHERS) and self.scene.progress.is_killed_enough):
            if time.monotonic() > until:
                return False
            self._tick(kills=True)
            time.sleep(_TICK)
        return True

    def drain(self, limit: float) -> bool:
        """Let the workers finish, undisturbed; whether nothing is left."""
        until = time.monotonic() + limit
        swept = 0
        while time.monotonic() < until:
            self._tick(kills=False)
            if self._is_drained():
                if swept == 2:  # what the first turned up is drained, and the second found nothing
                    return True
                self.run(lambda: roles.sweep_all(self.scene))
                swept += 1
                continue
            time.sleep(_LOOK_EVERY)
        return False

    def end(self) -> None:
        """Let the workers leave; kill who does not."""
        self.scene.progress.end()
        until = time.monotonic() + 5
        while self._running and time.monotonic() < until:
            self._tick(kills=False)
            time.sleep(_TICK)
        for running in self._running.values():
            os.kill(running.pid, signal.SIGKILL)
            os.waitpid(running.pid, 0)
        self._running.clear()

    def run(self, act: Callable[[], None]) -> None:
        """Do something in a process of its own, and wait for it."""
        pid = self._fork(act)
        _, status = os.waitpid(pid, 0)
        if status:
            self.failed.append(f"a process ended with {status}")

    # ------------------------------------------------------------------------------------------ processes

    def _start(self, slot: str, *, kills: bool = True) -> None:
        role = slot.partition("-")[0]
        death, kill_at = None, None
        progress = self.scene.progress
        if kills and not progress.is_killed_enough:
            kill_at = time.monotonic() + self._chance.uniform(*_LIFE[role])
            if self._chance.random() < _AT_A_POINT:
                point = self._chosen(role)
                passes = 1 if role == "worker" and point not in PERFORM else self._chance.randint(*_PASSES[role])
                death = Death(point, passes, lambda point: self._tell(f"{role} {point}"), lambda: progress.may_kill)
                kill_at = time.monotonic() + _LONGEST_LIFE[role]
        self._running[slot] = _Running(self._fork(self._act(role), death), kill_at)

    def _chosen(self, role: str) -> str:
        """One where nobody died yet, any, or that where fewest did: some are rarely come by."""
        untouched = [point for point in POINTS[role] if not self.killed_at[f"{role} {point}"]]
        if untouched and self._chance.random() < _UNTOUCHED_POINT:
            return self._chance.choice(untouched)
        if self._chance.random() < _ANY_POINT:
            return self._chance.choice(POINTS[role])
        return min(POINTS[role], key=lambda point: (self.killed_at[f"{role} {point}"], self._chance.random()))

    def _act(self, role: str) -> Callable[[], None]:
        acts = {"worker": roles.work, "operator": roles.operate, "cashier": roles.take_money}
        return lambda: acts[role](self.scene)

    def _die_at(self, point: str) -> None:
        """A worker of one thread that kills itself at a point of its first transmission."""
        death = Death(point, 1, lambda point: self._tell(f"worker {point}"))
        pid = self._fork(lambda: roles.work(self.scene, 1), death)
        _, status = os.waitpid(pid, 0)
        if status == signal.SIGKILL:
            self.scene.progress.count_kill()

    def _fork(self, act: Callable[[], None], death: Death | None = None) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 2)
            if death is not None:
                death.arrange()
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it is, nothing of the parent's may run here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _tell(self, point: str) -> None:
        os.write(self._telling, f"{point}\n".encode())

    def _tick(self, *, kills: bool) -> None:
        """See who ended, kill whose time has come, start anew."""
        self._listen()
        now = time.monotonic()
        for slot, running in list(self._running.items()):
            if kills and not running.kill_at and self.scene.progress.may_kill:
                running.kill_at = now + self._chance.uniform(*_LIFE[slot.partition("-")[0]])
            if kills and running.kill_at and now >= running.kill_at and self.scene.progress.may_kill:
                os.kill(running.pid, signal.SIGKILL)
                running.kill_at = None
            pid, status = os.waitpid(running.pid, os.WNOHANG)
            if not pid:
                continue
            del self._running[slot]
            if status == signal.SIGKILL and slot in WORKERS:
                self.scene.progress.count_kill()
            elif status == signal.SIGKILL:
                self.killed_others += 1
            elif status or slot in WORKERS:
                if not self.scene.progress.is_over:
                    self.failed.append(f"{slot} ended with {status}")
            else:
                self._ended.add(slot)
            if slot not in self._ended and not self.scene.progress.is_over:
                self._start(slot, kills=kills)

    def _listen(self) -> None:
        try:
            said = os.read(self._told, 65536).decode()
        except BlockingIOError:
            return
        self.killed_at.update(said.split("\n")[:-1])

    def _is_drained(self) -> bool:
        read = self.scene.database.read_once
        ((waiting,),) = read("SELECT count(*) FROM cp_negativation WHERE queue IS NOT NULL")
        ((unapplied,),) = read("SELECT count(*) FROM cp_settlement WHERE applied_at IS NULL")
        return not waiting and not unapplied
