"""Columns by their headers: any usual name of each, in any order; accents and case don't matter."""

from collections.abc import Iterator, Sequence
from itertools import islice

from credit_protection.adapters.extracts import parsing
from credit_protection.adapters.extracts.parsing import Cell
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import InvalidInput

_MAX_HEADER_ROW = 20
"""A report may begin with a title and filters: the header is one of the first rows."""
NAMES: dict[str, tuple[str, ...]] = {
    "document": ("documento", "cpf cnpj", "cnpj cpf", "cpf", "cnpj", "document", "documento do devedor"),
    "name": ("nome", "name", "cliente", "devedor", "razao social", "nome razao social", "nome do devedor"),
    "reference": ("contrato", "contract", "numero do contrato", "n do contrato", "no contrato", "referencia"),
    "due_date": ("vencimento", "data de vencimento", "data vencimento", "dt vencimento", "due date"),
    "amount": ("valor", "amount", "valor da divida", "valor do debito", "valor r"),
    "operation": ("operacao", "operation", "tipo de operacao", "tipo operacao"),
    "state": ("situacao", "state", "status", "estado"),
}
_REQUIRED = {
    "document": "documento",
    "reference": "contrato",
    "due_date": "vencimento",
    "amount": "valor",
    "operation": "operação",
    "state": "situação",
}
"""The required columns, as the error names them."""


def read_rows(rows: Iterator[tuple[int, Sequence[Cell]]], file_name: str) -> Iterator[ExtractRow]:
    """Read the records of numbered rows; empty rows are skipped. Raises `InvalidInput`: no header is found."""
    positions = _column_positions(rows, file_name)
    for line, row in rows:
        given = {name: row[position] if position < len(row) else None for name, position in positions.items()}
        if not any(parsing.text(cell) for cell in row):
            continue
        yield ExtractRow(
            line=line,
            document=parsing.document(given["document"]),
            name=parsing.text(given.get("name")),
            reference=parsing.text(given["reference"]),
            due_date=parsing.day(given["due_date"]),
            amount=parsing.money(given["amount"]),
            state=parsing.state(given["operation"], given["state"]),
        )


def _column_positions(rows: Iterator[tuple[int, Sequence[Cell]]], file_name: str) -> dict[str, int]:
    missing = set(_REQUIRED)
    for _, row in islice(rows, _MAX_HEADER_ROW):
        headers = [parsing.normalize(parsing.text(cell)) for cell in row]
        positions = {
            name: headers.index(known) for name, names in NAMES.items() for known in reversed(names) if known in headers
        }
        lacking = _REQUIRED.keys() - positions.keys()
        if not lacking:
            return positions
        missing = min(missing, lacking, key=len)
    names = ", ".join(text for name, text in _REQUIRED.items() if name in missing)
    raise InvalidInput(
        f"{file_name} não tem as colunas de um extrato: falta {names}. Confira a primeira linha.",
        field="file",
        code="colunas_do_extrato",
    )
