"""The threat model names, for each row, tests that exist and something that holds the attack."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TABLE = TEXT.partition("## Threat model")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip().removeprefix("| ").removesuffix(" |").split(" | ")]
    for line in TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| who or what")
]
ATTACKS = ROOT / "tests" / "attacks"


def files_in(cell: str) -> list[Path]:
    """The files of a cell: with a path from the root, or of the attacks."""
    return [ROOT / name if "/" in name else ATTACKS / name for name in re.findall(r"`([\w/]+\.py)`", cell)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_row_says_what_holds_and_names_tests_that_exist(row: list[str]) -> None:
    who, attacks, holds, tests, left = row
    assert all((who, attacks, holds, left))
    assert files_in(tests)
    assert [path for path in files_in(tests) if "def test_" not in path.read_text(encoding="utf-8")] == []


def test_every_file_of_attacks_is_in_the_threat_model() -> None:
    named = {path for row in ROWS for path in files_in(row[3])}
    assert {path.name for path in ATTACKS.glob("test_*.py")} - {path.name for path in named} == set()
