"""docs/architecture.md names what is there, and all of it: folders, ports, hooks, dependencies."""

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

from credit_protection import ports
from credit_protection.plugins import hookspecs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "credit_protection"
DETAILED = ("adapters", "entrypoints", "testing", "ui")


def section(heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def first_column(heading: str) -> list[str]:
    """The names in the first column of a section's table."""
    return re.findall(r"^\| `([\w.-]+)`", section(heading), re.MULTILINE)


def named_paths() -> set[Path]:
    """What the layout's tree names below the package."""
    block = re.search(r"```\nsrc/credit_protection/\n(.*?)```", section("Layout"), re.DOTALL)
    assert block is not None
    paths, parents = set(), {0: PACKAGE}
    for line in block[1].splitlines():
        indent = (len(line) - len(line.lstrip())) // 4
        for name in re.match(r"\s*((?:[\w.]+/?(?:, )?)+)(?:\s\s|$)", line)[1].split(", "):  # type: ignore[index]
            parents[indent] = parents[indent - 1] / name.rstrip("/")
            paths.add(parents[indent])
    return paths


def children(folder: Path) -> set[Path]:
    hidden = {"__init__.py", "__pycache__", "py.typed"}
    return {path for path in folder.iterdir() if path.name not in hidden}


def test_named_files_and_folders_exist() -> None:
    assert {str(path) for path in named_paths() if not path.exists()} == set()


@pytest.mark.parametrize("folder", [PACKAGE, *(PACKAGE / name for name in DETAILED)], ids=lambda path: path.name)
def test_existing_files_and_folders_are_named(folder: Path) -> None:
    assert {path.name for path in children(folder) - named_paths()} == set()


def test_ports_are_those_of_the_package() -> None:
    found = set()
    for info in pkgutil.walk_packages(ports.__path__, "credit_protection.ports."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            is_own = isinstance(value, type) and value.__module__ == info.name and not name.startswith("_")
            if is_own and (getattr(value, "_is_protocol", False) or getattr(value, "__abstractmethods__", None)):
                found.add(name)
    assert set(first_column("Ports")) == found


def test_hooks_are_those_of_the_package() -> None:
    assert set(first_column("Hooks")) == {name for name in vars(hookspecs) if name.startswith("credit_protection_")}


def test_dependencies_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [each for extra, listed in project["optional-dependencies"].items() if extra != "dev" for each in listed]
    needed = {re.split(r"[\[><=;]", each)[0] for each in (*project["dependencies"], *extras)} - {"credit-protection"}
    assert set(first_column("Dependencies")) == needed
