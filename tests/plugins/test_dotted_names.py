"""A name that a docstring gives exists: a reader can import it."""

from __future__ import annotations

import ast
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import credit_protection

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(credit_protection.__file__).parent
TOP = "|".join(sorted(path.stem for path in PACKAGE.iterdir() if path.is_dir() and (path / "__init__.py").exists()))
NAME = re.compile(rf"`(?:credit_protection\.)?((?:{TOP}|facade|containers|hosts|gateways)(?:\.\w+)+)(?:\(\))?`")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(path: Path) -> Iterator[str]:
    """Of modules, classes and functions, and the strings under constants."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node) or ""
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    yield str(statement.value.value)


def dotted_names() -> dict[str, str]:
    """The names, each with the first file that gives it."""
    return {
        name: str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"), reverse=True)
        for text in docstrings(path)
        for name in NAME.findall(text)
    }


def test_docstrings_give_dotted_names() -> None:
    names = dotted_names()
    assert len(names) > 20
    assert {"testing.StorageContract", "ports.storage.AuditRepository"} <= names.keys()


@pytest.mark.parametrize(("name", "file"), sorted(dotted_names().items()))
def test_dotted_name_of_a_docstring_is_importable(name: str, file: str) -> None:
    try:
        pkgutil.resolve_name(f"credit_protection.{name}")
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{file} speaks of `{name}`: {error}")
