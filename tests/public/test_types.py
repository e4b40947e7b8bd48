"""Who calls a public function can name the types of its signature: they are public too."""

import ast
import functools
import importlib
import re
from pathlib import Path

import pytest

import credit_protection
from tests.public.surface import FIVE, MODULES, USE_CASES, surface

PACKAGE = Path(credit_protection.__file__).parent
USE_CASES_ARE_GIVEN = "the facade and the test kit's tenant give it; nobody else constructs or names it"
NOT_PUBLIC = {
    **{name.rpartition(".")[2]: USE_CASES_ARE_GIVEN for name in USE_CASES},
    "TenantPorts": "the container and the test kit give it to the use cases",
    "UnitOfWork": "only the author of a storage names it, and implements all of `ports.storage`",
    "SqlStorage": "an adapter: callers name `Storage`",
    **dict.fromkeys(("Connection", "Fork", "Spawn", "Start"), "pytest gives it to the contract's own tests"),
}
"""Types that a frozen signature may name though they are not public, with the reason."""
OUR_NAME = re.compile(r"(?:(?<![\w.])|\bcredit_protection[\w.]*\.)([A-Z]\w*)\b")
"""A name without a module, or of one of our modules: not `httpx.Request`."""


@functools.cache
def defined_types() -> set[str]:
    """The classes and aliases at the top of all our modules."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found.add(node.targets[0].id)
    return {name for name in found if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name)}


@functools.cache
def types_in(module: str) -> set[str]:
    """The names in the signatures of a module's frozen surface."""
    lines = [line for line in surface(module).splitlines() if not line.startswith("class ")]
    return {name for line in lines for name in OUR_NAME.findall(line)}


def names_of(modules: tuple[str, ...]) -> set[str]:
    return {name for module in modules for name in importlib.import_module(module).__all__}


@pytest.mark.parametrize("module", MODULES)
def test_types_of_public_signatures_are_public(module: str) -> None:
    public = names_of(FIVE if module in FIVE else MODULES)
    assert (types_in(module) & defined_types()) - public - NOT_PUBLIC.keys() == set()


def test_every_exception_is_named_and_not_public() -> None:
    named = set().union(*map(types_in, MODULES))
    assert NOT_PUBLIC.keys() - named == set()
    assert NOT_PUBLIC.keys() & names_of(FIVE) == set()


def test_compatibility_page_and_decision_list_the_public_modules() -> None:
    docs = PACKAGE.parents[1] / "docs"
    for page in (docs / "compatibility.md", docs / "adr" / "0010-public-modules.md"):
        listed = set(re.findall(r"`(credit_protection(?:\.\w+)*)`", page.read_text(encoding="utf-8")))
        assert set(MODULES) <= listed, page
