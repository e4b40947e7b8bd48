"""The example that a host author reads first does what it says, in under 100 lines."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "small_host.py"


def test_the_small_host_negativates_and_removes_on_payment() -> None:
    told = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, timeout=120, check=True)
    assert told.stdout.split("\n") == ["negativada", "paga e removida", ""]


def test_the_small_host_is_under_100_lines() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 100
