"""`python -m tests.fuzz --seconds 600`: every parser of outside data, each for its share of the time.

It prints one JSON line for each target. Exits with 1 where a parser raised what is not its own error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.fuzz.parsers import TARGETS
from tests.fuzz.rounds import fuzz


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="of all targets together, on one core")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("targets", nargs="*", help="some of: " + ", ".join(TARGETS))
    options = parser.parse_args(arguments)
    wanted = options.targets or list(TARGETS)
    share, is_clean = options.seconds / len(wanted), True
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        running = [(name, pool.submit(fuzz, name, share, options.seed)) for name in wanted]
        for name, each in running:
            examples, last_seed, failure = each.result()
            is_clean &= not failure
            if failure:
                print(f"{name}:\n{failure[-3000:]}", file=sys.stderr)  # noqa: T201 - for an investigation
            line = {"target": name, "examples": examples, "failed": bool(failure), "seed": last_seed}
            print(json.dumps(line), flush=True)  # noqa: T201 - the result
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
