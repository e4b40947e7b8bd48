"""The demo, end to end, and its report."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from credit_protection.domain.queries import QueryStatus
from credit_protection.entrypoints.demo import report
from credit_protection.testing import samples

PROGRAM = Path(sys.executable).with_name("credit-protection")


def demo(tmp_path: Path, *faults: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "CREDIT_PROTECTION_HOME": str(tmp_path / "not-touched")}
    arguments = [part for fault in faults for part in ("--fault", fault)]
    return subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, "demo", *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def processes_of_the_simulator() -> set[str]:
    ran = subprocess.run(["pgrep", "-f", "credit_protection.testing.simulator"], capture_output=True, text=True, check=False)  # noqa: S607
    return set(ran.stdout.split())


def test_the_whole_story_ends_well_and_leaves_only_the_pdf(tmp_path: Path) -> None:
    ran = demo(tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert "DIFERE" not in ran.stdout
    assert ran.stdout.count(" ok ") >= 5
    assert "natureza_pessoa" in ran.stdout
    measured = re.search(r"Do pagamento à remoção no birô: ([0-9.]+) segundos", ran.stdout)
    assert measured is not None
    assert float(measured[1]) < 10
    (pdf,) = tmp_path.iterdir()
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert str(pdf) in ran.stdout


@pytest.mark.parametrize("fault", ["remove:reject", "query:truncated_pdf", "include:processing_error"])
def test_a_line_that_differs_is_told_and_ends_badly(tmp_path: Path, fault: str) -> None:
    ran = demo(tmp_path, fault)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "DIFERE" in ran.stdout


def test_a_lost_reply_changes_nothing_in_the_end(tmp_path: Path) -> None:
    ran = demo(tmp_path, "remove:lost_reply")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_unknown_fault_is_wrong_usage(tmp_path: Path) -> None:
    ran = demo(tmp_path, "remove:sulk")
    assert ran.returncode == 2
    assert "Erro [falha_desconhecida]" in ran.stderr
    assert list(tmp_path.iterdir()) == []
