"""examples/small_host.py works, is short, and imports from the public modules alone."""

import ast
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "small_host.py"


def test_small_host_negativates_and_removes_on_payment() -> None:
    result = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout.split("\n") == ["negativada", "paga e removida", ""]


def test_small_host_has_fewer_than_100_lines() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 100


def test_small_host_imports_from_three_public_modules() -> None:
    imports = [node.module for node in ast.walk(ast.parse(EXAMPLE.read_text())) if isinstance(node, ast.ImportFrom)]
    assert {module for module in imports if module and module.startswith("credit_protection")} == {
        "credit_protection",
        "credit_protection.hosts",
        "credit_protection.testing",
    }
