"""A process that imports the package and registers its hooks, against one that imports pluggy."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.comparison import compare, report

FLOOR = 0.5  # at most twice the time
OURS = "import credit_protection; credit_protection.plugins.plugin_manager()"
BASELINE = "import pluggy"
HEAVY = ("sqlalchemy", "httpx", "dependency_injector", "alembic")
LOADED = f"{OURS}; import sys; print(sorted(set(sys.modules) & {set(HEAVY)!r}))"


def main() -> int:
    """Run; returns the exit code."""
    loaded = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout.strip()
    if loaded != "[]":
        sys.stderr.write(f"loaded at start-up: {loaded}\n")
        return 1
    measured = compare(lambda: _process(OURS), lambda: _process(BASELINE), rounds=15)
    return report(
        "startup",
        measured.ratio,
        FLOOR,
        milliseconds=round(measured.ours * 1e3, 1),
        baseline_milliseconds=round(measured.baseline * 1e3, 1),
        baseline="a process that imports pluggy",
    )


def _process(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    sys.exit(main())
