"""`python -m tests.agreement_drill`: the ERP, this software and the bureau drift apart; the audit finds no harm.

Exits with 0, or with 1 where a rule of the audit is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import stamina.instrumentation

from tests.agreement_drill.drill import Drill
from tests.agreement_drill.switches import SWITCHES, without_rule
from tests.agreement_drill.world import World
from tests.drill.__main__ import _database

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; returns the exit code."""
    options = _options(arguments)
    logging.disable(logging.ERROR)  # outages are a part of it
    stamina.instrumentation.set_on_retry_hooks([])
    with (
        tempfile.TemporaryDirectory(prefix="cp-agreement-") as folder,
        _database(options.database, options.url, Path(folder)) as database,
        without_rule(options.without_rule) if options.without_rule else contextlib.nullcontext(),
        World(database.url, options.seed, options.negativations) as world,
    ):
        report = Drill(world).run()
    for name, found in vars(report.findings).items():
        for one in found[:_SHOWN]:
            print(f"{name}: {one}")  # noqa: T201 - for an investigation
    answer = {
        "ok": report.is_clean,
        "database": options.database,
        "seed": options.seed,
        "without_rule": options.without_rule,
        **report.findings.counts(),
        **report.counts,
    }
    print(json.dumps(answer))  # noqa: T201 - the last line
    return 0 if report.is_clean else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.agreement_drill", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--url", default="", help="an empty database of a PostgreSQL that runs already")
    parser.add_argument("--negativations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-rule", choices=SWITCHES, default="")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
