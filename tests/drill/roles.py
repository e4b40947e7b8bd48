"""What the drill's processes do. Each may be killed at any moment, and is started again."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.application import checkpoints
from credit_protection.application.negativations import Asked
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import Conflict, CreditProtectionError, RuleViolation
from credit_protection.domain.settlements import Settlement
from tests.drill import broken, host
from tests.drill.installation import ANA, install
from tests.drill.plan import BY_A_PERSON, Act, steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_protection.containers import Container
    from credit_protection.domain.settlements import Entry
    from tests.drill.database import Connection, Database
    from tests.drill.plan import Step
    from tests.drill.progress import Progress

RECORD = ("record.written", "record.committed")
"""The points of recording a payment in the ERP's transaction."""
NATURE = "MEN"
_IDLE = 0.02
_BEFORE = 1e-9


@dataclass(frozen=True)
class Scene:
    """What every process knows.

    Args:
        home: folder of the drill.
        database: the ERP's and ours.
        negativations: how many.
        seed: of the plan.
        progress: seen by all.
        without_rule: switched off, if any.
        integration_id: of the registered integration.
        supervisor: process id.
    """

    home: Path
    database: Database
    negativations: int
    seed: int
    progress: Progress
    without_rule: str = ""
    integration_id: str = ""
    supervisor: int = field(default_factory=os.getpid)

    def die_with_supervisor(self) -> None:
        """In a child: nobody is left to end it."""
        if os.getppid() != self.supervisor:
            os._exit(1)

    def install(self, threads: int = 4) -> Container:
        """The package in this process, with the rule switched off."""
        broken.switch_off(self.without_rule)
        return install(self.home, self.database, threads)


@dataclass(frozen=True)
class Death:
    """Where a process kills itself, or stands still by SIGSTOP: at the `after`th passing of a point, when it may."""

    point: str
    after: int
    tell: Callable[[str], None]
    may: Callable[[], bool] = lambda: True
    by: signal.Signals = signal.SIGKILL

    def arrange(self) -> None:
        """Set the hook. Counting needs no lock: one that is missed only lives longer."""
        left = self.after

        def die(point: str) -> None:
            nonlocal left
            if point != self.point:
                return
            left -= 1
            if left <= 0 and self.may():
                self.tell(point)
                os.kill(os.getpid(), self.by)
                time.sleep(0 if self.by is signal.SIGSTOP else 60)

        checkpoints.hook = die


# ------------------------------------------------------------------------------------------------ the worker


def work(scene: Scene, threads: int = 4) -> None:
    """The embedded worker, until it is killed."""
    engine = scene.install(threads).queue()
    engine.start()
    while not scene.progress.is_over:
        time.sleep(_IDLE)
        scene.die_with_supervisor()
    engine.stop(10)


def transmit_one(scene: Scene) -> None:
    """What is due first, in this thread, and no more."""
    transmissions = scene.install().transmissions()
    for due in transmissions.due(1):
        transmissions.perform(due.negativation_id, "one")


# ------------------------------------------------------------------------------------------------ persons and the ERP


def operate(scene: Scene) -> None:
    """A person negativates and deletes."""
    container = scene.install()
    _play(scene, is_person=True, act=lambda step: _by_person(scene, container, step))


def take_money(scene: Scene) -> None:
    """The ERP takes, splits, reverses and cancels."""
    container = scene.install()
    _play(scene, is_person=False, act=lambda step: _by_erp(scene, container, step))


def _play(scene: Scene, *, is_person: bool, act: Callable[[Step], None]) -> None:
    """Do the steps in order, each when the drill is so far; what was done before a kill is not done again."""
    own = [step for step in steps(scene.negativations, scene.seed) if (step.act in BY_A_PERSON) is is_person]
    rows = scene.database.rows("SELECT number FROM erp_step WHERE is_done = 1 AND is_person = ?", int(is_person))
    done = {row[0] for row in rows}
    for step in own:
        if step.number in done:
            continue
        while not scene.progress.may_play(step.at, is_person=is_person):
            scene.progress.report(len(done), step.at - _BEFORE, is_person=is_person)
            time.sleep(_IDLE)
            scene.die_with_supervisor()
        act(step)
        done.add(step.number)
        scene.progress.report(len(done), step.at, is_person=is_person)
    scene.progress.report(len(done), 1.0, is_person=is_person)


def _by_person(scene: Scene, container: Container, step: Step) -> None:
    while True:
        try:
            if step.act is Act.CREATE:
                create(scene, container, step.invoice_id)
            else:
                _delete(scene, container, step.invoice_id)
        except (RuleViolation, Conflict):
            break  # paid before it was asked for, taken already, or gone already
        else:
            break
    with scene.database.writing() as connection:
        _done(scene, connection, step)


def create(scene: Scene, container: Container, invoice_id: str) -> None:
    """A person negativates one invoice."""
    asked = Asked(scene.integration_id, host.customer_of(invoice_id), [invoice_id], NATURE, why="cobrança esgotada")
    container.negativations().create(ANA, asked)


def _delete(scene: Scene, container: Container, invoice_id: str) -> None:
    with container.storage().reading() as unit:
        found = unit.negativations.covering("drill", [invoice_id])
    for negativation in found:
        with scene.database.writing() as connection:
            connection.execute(
                scene.database.sql("INSERT INTO erp_deletion VALUES (?) ON CONFLICT DO NOTHING"), (invoice_id,)
            )
        container.negativations().delete(ANA, negativation.id)


def _by_erp(scene: Scene, container: Container, step: Step) -> None:
    database, is_recorded = scene.database, False
    with database.writing() as connection:
        match step.act:
            case Act.PAY | Act.PAY_PART | Act.ROLL_BACK | Act.PAY_SILENTLY:
                told = step.act is not Act.PAY_SILENTLY
                key = f"pay-{step.number:06d}"
                part = step.act is Act.PAY_PART
                entry = host.take_payment(database, connection, step.invoice_id, key, part=part, told=told)
                is_recorded = told and _record(container, entry, connection)
            case Act.REVERSE:
                is_recorded = _record(container, host.undo_payment(database, connection, step.invoice_id), connection)
            case _:
                host.cancel(database, connection, step.invoice_id)
        if step.act is Act.ROLL_BACK:
            connection.rollback()
            if database.is_sqlite:
                connection.execute("BEGIN IMMEDIATE")
        _done(scene, connection, step)
        checkpoints.reached(RECORD[0])
    checkpoints.reached(RECORD[1])
    if is_recorded and step.tells:
        container.payments().committed()


def _record(container: Container, entry: Entry | None, connection: Connection) -> bool:
    if entry is None:
        return False
    container.payments().record(SYSTEM, entry, connection=connection)
    return True


def _done(scene: Scene, connection: Connection, step: Step) -> None:
    connection.execute(scene.database.sql("UPDATE erp_step SET is_done = 1 WHERE number = ?"), (step.number,))


# ------------------------------------------------------------------------------------------------ directed scenes


def ask_for(scene: Scene, invoice_ids: list[str]) -> None:
    """A person negativates these, and nothing else happens meanwhile."""
    container = scene.install()
    for invoice_id in invoice_ids:
        create(scene, container, invoice_id)


def paid_while_asking(scene: Scene, invoice_ids: list[str]) -> None:
    """Each is paid, recorded and applied after the person's request has read the ERP, and before it is stored."""
    container = scene.install()
    for invoice_id in invoice_ids:

        def pay(point: str, invoice_id: str = invoice_id) -> None:
            if point == "create.read":
                _pay_and_apply(scene, container, invoice_id)

        checkpoints.hook = pay
        try:
            create(scene, container, invoice_id)
        except CreditProtectionError:
            pass  # it is paid: that is told
        finally:
            checkpoints.hook = None


def _pay_and_apply(scene: Scene, container: Container, invoice_id: str) -> None:
    with scene.database.writing() as connection:
        paid = host.take_payment(scene.database, connection, invoice_id, f"pay-{invoice_id}")
        assert isinstance(paid, Settlement)
        container.payments().record(SYSTEM, paid, connection=connection)
    container.payments().committed()


def sweep_all(scene: Scene) -> None:
    """One whole sweep, the standings read again too."""
    container = scene.install()
    container.payments().reread_standings()
    container.sweep().run()
