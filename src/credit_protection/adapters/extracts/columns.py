"""Columns by their headers: any usual name of each, in any order; accents and case don't matter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from credit_protection.adapters.extracts import parsing
from credit_protection.adapters.extracts.parsing import EPOCH, Cell
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity

MAX_HEADER_ROW = 200
"""A report may begin with a title and filters: the header is one of the first rows."""
MAX_ROWS = 1_048_576
"""Of a file: a spreadsheet has no more."""
MAX_COLUMNS = 512
Line = tuple[int, Sequence[Cell] | None]
"""A numbered row; None where its cells can't be told apart."""
NAMES: dict[str, tuple[str, ...]] = {
    "document": (
        "documento",
        "cpf cnpj",
        "cnpj cpf",
        "cpf",
        "cnpj",
        "document",
        "documento devedor",
        "cpf cnpj devedor",
    ),
    "name": ("nome", "name", "cliente", "devedor", "razao social", "nome razao social", "nome devedor", "nome cliente"),
    "reference": ("contrato", "contract", "numero contrato", "codigo contrato", "contrato numero", "referencia"),
    "due_date": ("vencimento", "data vencimento", "dt vencimento", "due date", "vencto", "dt vencto"),
    "amount": ("valor", "amount", "valor divida", "valor debito", "valor r", "valor rs", "vlr", "valor original"),
    "operation": ("operacao", "operation", "tipo operacao"),
    "state": ("situacao", "state", "status", "estado"),
    "operated_at": (
        *(
            "data operacao",
            "data hora operacao",
            "data",
            "data hora",
            "data movimento",
            "data ocorrencia",
            "dt operacao",
        ),
        *("data processamento", "data envio", "data registro", "data atualizacao", "atualizado em", "criado em"),
        *("operation date", "date"),
    ),
}
"""Normalized names; `numero` stands for Nº, n., nr. and no, and prepositions are left out."""
REQUIRED = {
    "document": "documento",
    "reference": "contrato",
    "due_date": "vencimento",
    "amount": "valor",
    "operation": "operação",
    "state": "situação",
}
"""The required columns, as the error names them."""
_PREPOSITIONS = frozenset({"de", "do", "da"})
_NUMBER = frozenset({"n", "no", "nr", "nro", "num"})


@dataclass(frozen=True, slots=True)
class Columns:
    """What to look for: the names of each column, and those that must be there."""

    names: Mapping[str, tuple[str, ...]]
    required: Mapping[str, str]

    def positions(self, row: Iterable[Cell]) -> dict[str, int]:
        """The position of each column that a row names, by the first of its names that it has."""
        headers = [_header(cell) for cell in row]
        return {
            column: headers.index(known)
            for column, names in self.names.items()
            for known in reversed(names)
            if known in headers
        }

    def missing(self, positions: Mapping[str, int]) -> set[str]:
        """The required columns without a position."""
        return self.required.keys() - positions.keys()


RECORDS = Columns(NAMES, REQUIRED)


def read_rows(rows: Iterator[Line], file_name: str, epoch: date = EPOCH) -> Iterator[ExtractRow]:
    """Read the records of numbered rows; empty rows are skipped. Raises `InvalidInput`: no header is found."""
    positions = find_header(rows, RECORDS, file_name)
    for line, row in rows:
        if row is None:
            yield ExtractRow(line, "", "", "", None, None, None, problems=(_LINE_UNREADABLE,))
            continue
        given = cells_of(row, positions)
        if not any(parsing.text(cell) for cell in row):
            continue
        yield ExtractRow(
            line=line,
            document=parsing.document(given["document"]),
            name=parsing.text(given.get("name")),
            reference=parsing.reference(given["reference"]),
            due_date=parsing.day(given["due_date"], epoch),
            amount=parsing.money(given["amount"]),
            state=parsing.state(given["operation"], given["state"]),
            problems=tuple(_lost_digits(name) for name in _IDENTIFIERS if parsing.has_lost_digits(given[name])),
            reference_was_number=parsing.is_number(given["reference"]),
            operated_at=parsing.moment(given.get("operated_at"), epoch),
        )


def cells_of(row: Sequence[Cell], positions: Mapping[str, int]) -> dict[str, Cell]:
    """The cells of the columns; None beyond the row's end."""
    return {name: row[position] if position < len(row) else None for name, position in positions.items()}


def find_header(rows: Iterator[Line], wanted: Columns, file_name: str) -> dict[str, int]:
    """The positions of the columns, by the first row that names all that are required. Raises `InvalidInput`."""
    missing = set(wanted.required)
    for _, row in islice(rows, MAX_HEADER_ROW):
        positions = wanted.positions(row or ())
        lacking = wanted.missing(positions)
        if not lacking:
            return positions
        missing = min(missing, lacking, key=len)
    names = ", ".join(text for name, text in wanted.required.items() if name in missing)
    raise InvalidInput(
        f"{file_name} não tem as colunas de um extrato: falta {names}. Confira a linha dos títulos.",
        field="file",
        code="colunas_do_extrato",
    )


def _header(cell: Cell) -> str:
    words = parsing.normalize(parsing.text(cell).replace("\N{DEGREE SIGN}", "o ")).split()
    return " ".join("numero" if word in _NUMBER else word for word in words if word not in _PREPOSITIONS)


_IDENTIFIERS = {"document": "documento", "reference": "contrato"}
_LINE_UNREADABLE = Finding(
    "linha_ilegivel",
    Severity.BLOCK,
    "As colunas desta linha não puderam ser separadas: há aspas sem par. Corrija a linha e adote de novo.",
    "line",
)


def _lost_digits(name: str) -> Finding:
    return Finding(
        "digitos_perdidos",
        Severity.BLOCK,
        f"A planilha guardou o {_IDENTIFIERS[name]} como número ou data, e algarismos se perderam (9,0E+10, por "
        "exemplo). Gere o extrato de novo com esta coluna como texto.",
        name,
    )
