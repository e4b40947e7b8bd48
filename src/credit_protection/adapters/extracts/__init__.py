"""Files of a bureau's extract, CSV or XLSX. The content decides the format, not the name."""

from pathlib import Path

from credit_protection.adapters.extracts.files import CsvExtract, XlsxExtract
from credit_protection.domain.errors import InvalidInput
from credit_protection.ports.extracts import Extract

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"

__all__ = ["CsvExtract", "XlsxExtract", "open_extract"]


def open_extract(path: Path) -> Extract:
    """Open a CSV or XLSX file as an extract. Raises `InvalidInput`: the file can't be read, or has neither format."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
    except OSError as error:
        raise InvalidInput(
            f"O arquivo {path} não pôde ser lido: {error.strerror}. Confira o caminho.", field="file", code="arquivo"
        ) from error
    if beginning == _OLD_EXCEL:
        raise InvalidInput(
            f"{path.name} é uma planilha no formato antigo. Salve-a como XLSX ou CSV.", field="file", code="arquivo"
        )
    return XlsxExtract(path) if beginning == _ZIP else CsvExtract(path)
