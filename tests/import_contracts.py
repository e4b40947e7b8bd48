"""An import-linter contract: a third-party package is forbidden everywhere but where the contract's table allows it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grimp import ImportGraph

ROOT = "credit_protection"
STANDARD = {*sys.stdlib_module_names, "_typeshed"}  # typeshed is the standard library's types


class ThirdPartyContract(Contract):
    """Closed by default. `allowed` has lines `package: folder, folder`, the folders relative to the root package."""

    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Find imports that no line allows, and lines that allow what is not imported."""
        allowed = dict(_parsed(str(line)) for line in self.allowed)  # type: ignore[attr-defined]  # a descriptor gives the list
        unused = {(package, folder) for package, folders in allowed.items() for folder in folders}
        broken = []
        for importer, package in _third_party_imports(graph):
            places = {folder for folder in allowed.get(package, ()) if _is_within(importer, folder)}
            unused -= {(package, folder) for folder in places}
            if not places:
                broken.append(f"{importer} imports {package}")
        broken += [f"the table allows {package} in {folder}, which does not import it" for package, folder in unused]
        return ContractCheck(kept=not broken, metadata={"broken": sorted(broken)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per fault."""
        for line in check.metadata["broken"]:
            output.print_error(line)


def _parsed(line: str) -> tuple[str, list[str]]:
    package, _, folders = line.partition(":")
    return package.strip(), [folder.strip() for folder in folders.split(",")]


def _is_within(importer: str, folder: str) -> bool:
    return f"{importer}.".startswith(f"{ROOT}.{folder}.")


def _third_party_imports(graph: ImportGraph) -> Iterator[tuple[str, str]]:
    for importer in sorted(graph.modules):
        if f"{importer}.".startswith(f"{ROOT}."):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                package = imported.partition(".")[0]
                if package != ROOT and package not in STANDARD:
                    yield importer, package
