"""Which column is which: headers by any of their usual names, accents and case apart, in any order."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from credit_protection.adapters.extracts import cells
from credit_protection.domain.adoption import ExtractRow
from credit_protection.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credit_protection.adapters.extracts.cells import Cell

_HEADER_WITHIN = 20
"""A report may begin with its title and its filters: the header is looked for in so many rows."""
NAMES: dict[str, tuple[str, ...]] = {
    "document": ("documento", "cpf cnpj", "cnpj cpf", "cpf", "cnpj", "document", "documento do devedor"),
    "name": ("nome", "name", "cliente", "devedor", "razao social", "nome razao social", "nome do devedor"),
    "reference": ("contrato", "contract", "numero do contrato", "n do contrato", "no contrato", "referencia"),
    "due_date": ("vencimento", "data de vencimento", "data vencimento", "dt vencimento", "due date"),
    "amount": ("valor", "amount", "valor da divida", "valor do debito", "valor r"),
    "operation": ("operacao", "operation", "tipo de operacao", "tipo operacao"),
    "state": ("situacao", "state", "status", "estado"),
}
_PORTUGUESE = {
    "document": "documento",
    "reference": "contrato",
    "due_date": "vencimento",
    "amount": "valor",
    "operation": "operação",
    "state": "situação",
}
"""What can't be missing."""


def read(rows: Iterator[tuple[int, Sequence[Cell]]], file_name: str) -> Iterator[ExtractRow]:
    """The records of a table, row by row; empty rows are left out.

    Args:
        rows: the file's, each with its line.
        file_name: for messages.

    Raises:
        InvalidInput: no header is found.
    """
    places = _places(rows, file_name)
    for line, row in rows:
        given = {name: row[place] if place < len(row) else None for name, place in places.items()}
        if not any(cells.text(cell) for cell in row):
            continue
        yield ExtractRow(
            line=line,
            document=cells.document(given["document"]),
            name=cells.text(given.get("name")),
            reference=cells.text(given["reference"]),
            due_date=cells.day(given["due_date"]),
            amount=cells.money(given["amount"]),
            state=cells.state(given["operation"], given["state"]),
        )


def _places(rows: Iterator[tuple[int, Sequence[Cell]]], file_name: str) -> dict[str, int]:
    missing = set(_PORTUGUESE)
    for _, row in islice(rows, _HEADER_WITHIN):
        headers = [cells.plain(cells.text(cell)) for cell in row]
        places = {
            name: headers.index(known) for name, names in NAMES.items() for known in reversed(names) if known in headers
        }
        lacking = _PORTUGUESE.keys() - places.keys()
        if not lacking:
            return places
        missing = min(missing, lacking, key=len)
    names = ", ".join(text for name, text in _PORTUGUESE.items() if name in missing)
    raise InvalidInput(
        f"{file_name} não tem as colunas de um extrato: falta {names}. Confira a primeira linha.",
        field="file",
        code="colunas_do_extrato",
    )
