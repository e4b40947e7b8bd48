"""`python -m tests.attacks`: every kind of attack, and how many of each succeeded. Exits with 1 where one did.

It prints one JSON line for each kind: how many attacks were made, how many applied, and how many succeeded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.attacks.kinds import KINDS, SHARDS

_SHOWN = 20
TESTS = {
    "clocks": ("test_clocks.py", "test_rate_limits.py"),
    "permissions": ("test_roles.py", "test_scope.py", "test_secrets.py"),
    "hooks": ("test_hooks.py", "test_vetoes.py"),
    "modes": ("test_files.py", "test_terminal.py", "test_configuration.py"),
    "databases": ("test_databases.py", "test_real_trouble.py", "test_deleting.py"),
    "answers and texts": ("test_connections.py", "test_masking.py", "test_double_queries.py"),
    "monitors and commands": ("test_monitors.py", "test_command_line.py"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tests.attacks", description=__doc__)
    parser.add_argument("kinds", nargs="*", help="some of: " + ", ".join([*KINDS, *TESTS]))
    wanted = parser.parse_args(arguments).kinds or [*KINDS, *TESTS]
    is_held = True
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for kind in [kind for kind in KINDS if kind in wanted]:
            began = time.monotonic()
            outcomes = list(pool.map(KINDS[kind], range(SHARDS)))
            succeeded = [each for outcome in outcomes for each in outcome[2]]
            made, applied = sum(outcome[0] for outcome in outcomes), sum(outcome[1] for outcome in outcomes)
            is_held = _told(kind, began, made, applied, succeeded) and is_held
    for kind in [kind for kind in TESTS if kind in wanted]:
        began = time.monotonic()
        passed, failed = _tests(TESTS[kind])
        is_held = _told(kind, began, passed + len(failed), passed + len(failed), failed) and is_held
    return 0 if is_held else 1


def _told(kind: str, began: float, made: int, applied: int, succeeded: list[str]) -> bool:
    for each in succeeded[:_SHOWN]:
        print(f"{kind}: {each}"[:600], file=sys.stderr)  # noqa: T201 - for an investigation
    seconds = round(time.monotonic() - began, 1)
    line = {"kind": kind, "attacks": made, "applied": applied, "succeeded": len(succeeded), "seconds": seconds}
    print(json.dumps(line), flush=True)  # noqa: T201 - the result
    return made > 0 and not succeeded


def _tests(names: Iterable[str]) -> tuple[int, list[str]]:
    """Run test files of this folder; how many passed, and which did not."""
    paths = [str(Path(__file__).parent / name) for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--tb=no", *paths]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    words = ended.stdout.replace(",", "").split()
    passed = int(words[words.index("passed") - 1]) if "passed" in words else 0
    if ended.returncode and not failed:
        failed = [ended.stdout[-300:]]
    return passed, failed


if __name__ == "__main__":
    sys.exit(main())
