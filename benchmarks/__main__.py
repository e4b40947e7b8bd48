"""Run every benchmark: `python -m benchmarks`."""

from __future__ import annotations

import subprocess
import sys

NAMES = ("documents", "guards", "startup", "enqueue", "latency", "paying", "drain", "scale", "reread", "reconcile")


def main() -> int:
    """Run each in a process of its own; returns how many fell below their floor."""
    failed = 0
    for name in NAMES:
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
