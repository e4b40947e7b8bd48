"""An extract as a spreadsheet (XLSX): the first sheet, read row by row. Needs the extra `[xlsx]`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from credit_protection.adapters.extracts import columns
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import ConfigurationError, InvalidInput


class XlsxExtract:
    """`ports.extracts.Extract` over an XLSX file."""

    is_operation_log = True

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def rows(self) -> Iterator[ExtractRow]:
        """Read the records of the first sheet row by row.

        Raises:
            InvalidInput: the file is no spreadsheet, or has no header.
            ConfigurationError: the extra is not installed.
        """
        try:
            from openpyxl import load_workbook  # noqa: PLC0415 - an extra, and slow to import
            from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415 - likewise
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "Para ler planilhas XLSX, instale: pip install 'credit-protection[xlsx]'. Ou salve como CSV.",
                code="xlsx_ausente",
            ) from error
        try:
            book = load_workbook(self._path, read_only=True, data_only=True)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, InvalidFileException) as error:
            raise InvalidInput(
                f"{self.name} não pôde ser lido como planilha: {error}. Salve-o de novo como XLSX ou CSV.",
                field="file",
                code="arquivo",
            ) from error
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write a wrong one, and rows would be skipped
            yield from columns.read_rows(enumerate(sheet.iter_rows(values_only=True), 1), self.name)
        finally:
            book.close()
