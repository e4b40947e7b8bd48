"""A seeded sample of mutants of `domain/`: `python -m tests.mutation` (or `make mutation`).

It runs on a copy, with the short Hypothesis profile. It prints the survivors, the functions that the tool does not
mutate, and as its last line one JSON object, and exits non-zero below 85 % caught.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOMAIN = Path("src/credit_protection/domain")
FLOOR = 0.85
CONFIGURATION = """
[tool.mutmut]
source_paths = ["src/credit_protection/domain/"]
tests_dir = ["tests/domain/"]
also_copy = ["src/credit_protection", "tests"]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider"]
"""
CAUGHT = {1, 3, -24, 24, -11, 152, 255}  # failed, interrupted, timed out, crashed
SURVIVED = 0


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        _copy(copy)
        _mutmut(copy, "none.such.mutant")  # makes the mutants and records which tests reach them
        names = sorted(_codes(copy))
        chosen = random.Random(options.seed).sample(names, min(options.sample, len(names)))  # noqa: S311
        _mutmut(copy, *chosen)
        codes = {name: _codes(copy)[name] for name in chosen}
        survivors = sorted(name for name, code in codes.items() if code == SURVIVED)
        unreached = sorted(name for name, code in codes.items() if code not in CAUGHT and code != SURVIVED)
        _print("survived", survivors, copy)
        _print("no test reaches", unreached, copy)
        skipped = sorted(_functions() - {_function(name) for name in names})
        sys.stdout.write(f"functions that the tool does not mutate ({len(skipped)}): {', '.join(skipped)}\n")
    caught = len(codes) - len(survivors) - len(unreached)
    ratio = caught / len(codes)
    result = {"name": "mutation", "ratio": round(ratio, 3), "floor": FLOOR, "mutants": len(names), "sample": len(codes)}
    sys.stdout.write(json.dumps({**result, "survived": len(survivors), "unreached": len(unreached)}) + "\n")
    return 0 if ratio >= FLOOR else 1


def _copy(copy: Path) -> None:
    for folder in ("src", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy / file)
    text = (ROOT / "pyproject.toml").read_text()
    (copy / "pyproject.toml").write_text(text + CONFIGURATION)


def _mutmut(copy: Path, *names: str) -> None:
    mutmut = Path(sys.executable).with_name("mutmut")
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "short"}
    subprocess.run([mutmut, "run", *names], cwd=copy, env=environment, check=False, stdout=sys.stderr, timeout=3600)


def _codes(copy: Path) -> dict[str, int | None]:
    codes: dict[str, int | None] = {}
    for meta in (copy / "mutants" / DOMAIN).rglob("*.meta"):
        codes.update(json.loads(meta.read_text())["exit_code_by_key"])
    return codes


def _function(name: str) -> str:
    """`credit_protection.domain.money.xǁMoneyǁbrl__mutmut_23` is of `money.Money.brl`."""
    module, _, last = name.partition("__mutmut_")[0].rpartition(".")
    function = last.removeprefix("x").replace("ǁ", ".").strip("._") if "ǁ" in last else last.removeprefix("x_")
    return f"{module.rpartition('.')[2]}.{function}"


def _functions() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / DOMAIN).rglob("*.py"):
        module = path.parent.name if path.stem == "__init__" else path.stem
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                found.add(f"{module}.{node.name}")
            elif isinstance(node, ast.ClassDef):
                methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
                found |= {f"{module}.{node.name}.{name}" for name in methods}
    return found


def _print(title: str, names: list[str], copy: Path) -> None:
    sys.stdout.write(f"{title} ({len(names)}):\n")
    for name in names:
        mutmut = Path(sys.executable).with_name("mutmut")
        shown = subprocess.run([mutmut, "show", name], cwd=copy, check=False, capture_output=True, text=True).stdout
        lines = [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
        sys.stdout.write(f"  {name}\n" + "".join(f"      {line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
