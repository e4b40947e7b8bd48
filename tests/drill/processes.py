"""The drill's processes. The supervisor may kill each at any moment, and restarts it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credit_protection.application.negativations import NegativationRequest
from credit_protection.application.rereading import Rereading
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import Conflict, CreditProtectionError, RuleViolation
from credit_protection.domain.settlements import Settlement
from credit_protection.ports import failpoints
from tests.drill import host, mutants
from tests.drill.installation import ANA, install
from tests.drill.plan import PERSON_STEPS, StepKind, steps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from credit_protection.containers import Container
    from credit_protection.domain.settlements import Entry
    from tests.drill.database import Connection, Database
    from tests.drill.plan import Step
    from tests.drill.progress import Progress

RECORD = ("record.written", "record.committed")
"""The failpoints of recording a payment in the ERP's transaction."""
NATURE = "MEN"
_IDLE = 0.02
_BEFORE = 1e-9


@dataclass(frozen=True)
class Scenario:
    """What all processes share.

    Args:
        home: folder of the drill.
        database: the ERP's and ours.
        negativations: how many the plan requests.
        seed: of the plan.
        progress: shared by all processes.
        without_rule: the rule that is switched off, or empty.
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
        """End a child whose supervisor has died."""
        if os.getppid() != self.supervisor:
            os._exit(1)

    def install(self, threads: int = 4) -> Container:
        """Install the package in this process, with the rule switched off."""
        mutants.switch_off(self.without_rule)
        return install(self.home, self.database, threads)


@dataclass(frozen=True)
class CrashPoint:
    """Where a process kills itself, or stops by SIGSTOP: at the `after`th passing of a failpoint, when it may."""

    point: str
    after: int
    report: Callable[[str], None]
    may: Callable[[], bool] = lambda: True
    by: signal.Signals = signal.SIGKILL

    def install(self) -> None:
        """Install the failpoint handler. Counting needs no lock: a missed count only delays the kill."""
        left = self.after

        def crash(point: str) -> None:
            nonlocal left
            if point != self.point:
                return
            left -= 1
            if left <= 0 and self.may():
                self.report(point)
                os.kill(os.getpid(), self.by)
                time.sleep(0 if self.by is signal.SIGSTOP else 60)

        failpoints.handler = crash


# ------------------------------------------------------------------------------------------------ the worker


def work(scenario: Scenario, threads: int = 4) -> None:
    """Run the embedded worker until the drill is over."""
    engine = scenario.install(threads).queue()
    engine.start()
    while not scenario.progress.is_over:
        time.sleep(_IDLE)
        scenario.die_with_supervisor()
    engine.stop(10)


def transmit_one(scenario: Scenario) -> None:
    """Perform the first due transmission in this thread."""
    transmissions = scenario.install().transmissions()
    for due in transmissions.due(1):
        transmissions.perform(due.negativation_id, "one")


# ------------------------------------------------------------------------------------------------ persons and the ERP


def operate(scenario: Scenario) -> None:
    """Execute the steps of a person: negativate and delete."""
    container = scenario.install()
    _run_steps(scenario, is_person=True, execute=lambda step: _by_person(scenario, container, step))


def take_money(scenario: Scenario) -> None:
    """Execute the steps of the ERP: payments, reversals and cancellations."""
    container = scenario.install()
    _run_steps(scenario, is_person=False, execute=lambda step: _by_erp(scenario, container, step))


def _run_steps(scenario: Scenario, *, is_person: bool, execute: Callable[[Step], None]) -> None:
    """Execute the steps in order, each when the drill has reached it; skip those that were done before a kill."""
    own = [step for step in steps(scenario.negativations, scenario.seed) if (step.kind in PERSON_STEPS) is is_person]
    rows = scenario.database.rows("SELECT number FROM erp_step WHERE is_done = 1 AND is_person = ?", int(is_person))
    done = {row[0] for row in rows}
    for step in own:
        if step.number in done:
            continue
        while not scenario.progress.may_run(step.at, is_person=is_person):
            scenario.progress.report(len(done), step.at - _BEFORE, is_person=is_person)
            time.sleep(_IDLE)
            scenario.die_with_supervisor()
        execute(step)
        done.add(step.number)
        scenario.progress.report(len(done), step.at, is_person=is_person)
    scenario.progress.report(len(done), 1.0, is_person=is_person)


def _by_person(scenario: Scenario, container: Container, step: Step) -> None:
    while True:
        try:
            if step.kind is StepKind.CREATE:
                create(scenario, container, step.invoice_id)
            else:
                _delete(scenario, container, step.invoice_id)
        except (RuleViolation, Conflict):
            break  # paid before the request, negativated already, or closed already
        else:
            break
    with scenario.database.writing() as connection:
        _done(scenario, connection, step)


def create(scenario: Scenario, container: Container, invoice_id: str) -> None:
    """Negativate one invoice, as a person does."""
    wanted = NegativationRequest(
        scenario.integration_id, host.customer_of(invoice_id), [invoice_id], NATURE, remark="cobrança esgotada"
    )
    container.negativations().create(ANA, wanted)


def _delete(scenario: Scenario, container: Container, invoice_id: str) -> None:
    with container.storage().read_only() as unit:
        found = unit.negativations.for_invoices("drill", [invoice_id])
    for negativation in found:
        with scenario.database.writing() as connection:
            connection.execute(
                scenario.database.sql("INSERT INTO erp_deletion VALUES (?) ON CONFLICT DO NOTHING"), (invoice_id,)
            )
        container.negativations().delete(ANA, negativation.id)


def _by_erp(scenario: Scenario, container: Container, step: Step) -> None:
    database, is_recorded = scenario.database, False
    with database.writing() as connection:
        match step.kind:
            case StepKind.PAY | StepKind.PAY_PART | StepKind.ROLL_BACK | StepKind.PAY_SILENTLY:
                reported = step.kind is not StepKind.PAY_SILENTLY
                key = f"pay-{step.number:06d}"
                part = step.kind is StepKind.PAY_PART
                entry = host.take_payment(database, connection, step.invoice_id, key, part=part, reported=reported)
                is_recorded = reported and _record(container, entry, connection)
            case StepKind.REVERSE:
                is_recorded = _record(container, host.undo_payment(database, connection, step.invoice_id), connection)
            case _:
                host.cancel(database, connection, step.invoice_id)
        if step.kind is StepKind.ROLL_BACK:
            connection.rollback()
            if database.is_sqlite:
                connection.execute("BEGIN IMMEDIATE")
        _done(scenario, connection, step)
        failpoints.failpoint(RECORD[0])
    failpoints.failpoint(RECORD[1])
    if is_recorded and step.wakes_us:
        container.payments().after_commit()


def _record(container: Container, entry: Entry | None, connection: Connection) -> bool:
    if entry is None:
        return False
    container.payments().record(SYSTEM, entry, connection=connection)
    return True


def _done(scenario: Scenario, connection: Connection, step: Step) -> None:
    connection.execute(scenario.database.sql("UPDATE erp_step SET is_done = 1 WHERE number = ?"), (step.number,))


# ------------------------------------------------------------------------------------------------ directed scenarios


def request(scenario: Scenario, invoice_ids: list[str]) -> None:
    """Negativate these invoices, as a person does."""
    container = scenario.install()
    for invoice_id in invoice_ids:
        create(scenario, container, invoice_id)


def pay_during_request(scenario: Scenario, invoice_ids: list[str]) -> None:
    """Pay, record and apply each after the person's request has read the ERP and before it is stored."""
    container = scenario.install()
    for invoice_id in invoice_ids:

        def pay(point: str, invoice_id: str = invoice_id) -> None:
            if point == "create.read":
                _pay_and_apply(scenario, container, invoice_id)

        failpoints.handler = pay
        try:
            create(scenario, container, invoice_id)
        except CreditProtectionError:
            pass  # refused: it is paid
        finally:
            failpoints.handler = None


def _pay_and_apply(scenario: Scenario, container: Container, invoice_id: str) -> None:
    with scenario.database.writing() as connection:
        paid = host.take_payment(scenario.database, connection, invoice_id, f"pay-{invoice_id}")
        assert isinstance(paid, Settlement)
        container.payments().record(SYSTEM, paid, connection=connection)
    container.payments().after_commit()


def sweep_all(scenario: Scenario) -> None:
    """Run a whole sweep, and read the invoices' statuses again."""
    container = scenario.install()
    Rereading(container.tenant()).reread_all()
    container.sweep().run()
