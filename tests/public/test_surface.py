"""The public names and signatures change on purpose only (docs/compatibility.md)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.public.surface import FIVE, MODULES, frozen_file, surface

ROOT = Path(__file__).parents[2]
EXAMPLES = [*sorted((ROOT / "examples").glob("*.py"))]


@pytest.mark.parametrize("module", MODULES)
def test_surface_is_the_frozen_one(module: str) -> None:
    """After a wanted change: `python -m tests.public.surface`, and a line in the CHANGELOG."""
    assert surface(module) == frozen_file(module).read_text(encoding="utf-8")


def test_importing_the_public_modules_loads_no_library_that_an_erp_pays_for() -> None:
    heavy = {"sqlalchemy", "httpx", "dependency_injector", "alembic", "cryptography", "rich", "typer", "hypothesis"}
    code = f"import sys, {', '.join(FIVE)}; print(sorted(set(sys.modules) & {heavy!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_import_public_modules_alone(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("from credit_prot", "import credit_prot"))
    }
    assert imported <= set(MODULES)
    assert len(imported) <= 3


def test_examples_type_check_against_the_public_modules() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache" / "examples")]
    run = subprocess.run([*command, *map(str, EXAMPLES)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stdout
