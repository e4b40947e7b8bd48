"""A portal's extract of operations: document, name, operation and kind, without contract, due date or amount.

It can't be adopted: it is compared by the counts of each document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from credit_protection.adapters.extracts import open_extract, parsing
from credit_protection.adapters.extracts.columns import NAMES, Columns, cells_of, find_header
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.operation_counts import OperationCounts

_REQUIRED = {"document": "documento", "name": "nome", "operation": "operação", "kind": "tipo"}
_NAMES = {
    "document": NAMES["document"],
    "name": NAMES["name"],
    "operation": ("operacao", "operation", "numero operacao", "codigo operacao"),
    "kind": ("tipo", "tipo operacao", "type"),
}
_COLUMNS = Columns(_NAMES, _REQUIRED)
_KINDS = {"inclusao": "included", "exclusao": "removed", "processando": "processing"}


@dataclass(frozen=True, slots=True)
class PortalSummary:
    """What a portal's extract says.

    Args:
        counts: the operations by compact document.
        refused: line and reason of each row that could not be read.
    """

    counts: Mapping[str, OperationCounts]
    refused: Sequence[tuple[int, str]]


def count_operations(path: Path) -> PortalSummary:
    """Count the operations of a portal's extract, CSV or XLSX, by document.

    Raises:
        InvalidInput: the file can't be read, or is no such extract.
        ConfigurationError: it is a spreadsheet, and the extra `[xlsx]` is not installed.
    """
    extract = open_extract(path)
    found: dict[str, Counter[str]] = {}
    refused: list[tuple[int, str]] = []
    with extract.lines(_COLUMNS) as (lines, _):
        positions = find_header(lines, _COLUMNS, extract.name)
        for number, row in lines:
            if row is None:
                refused.append((number, "As colunas desta linha não puderam ser separadas: há aspas sem par."))
                continue
            if not any(parsing.text(cell) for cell in row):
                continue
            cells = cells_of(row, positions)
            try:
                document = parse_document(parsing.document(cells["document"])).value
            except InvalidInput as invalid:
                refused.append((number, invalid.message))
                continue
            kind = _KINDS.get(parsing.normalize(parsing.text(cells["kind"])), "failed")
            found.setdefault(document, Counter())[kind] += 1
    return PortalSummary({document: OperationCounts(**counts) for document, counts in found.items()}, refused)
