"""Files of an extract, read row by row: CSV (`;`, `,` or tabs, UTF-8 or Latin-1), and the first sheet of an XLSX."""

import codecs
import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from credit_protection.adapters.extracts import columns
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import ConfigurationError, InvalidInput

_BLOCK = 1 << 16
_SEPARATORS = ";,\t"


class _FileExtract:
    """What both formats share."""

    is_operation_log = True

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def _unreadable(self, form: str, saved_as: str, error: Exception) -> InvalidInput:
        message = f"{self.name} não pôde ser lido como {form}: {error}. Salve-o de novo como {saved_as}."
        return InvalidInput(message, field="file", code="arquivo")


class CsvExtract(_FileExtract):
    """`ports.extracts.Extract` over a CSV file."""

    def rows(self) -> Iterator[ExtractRow]:
        """Read the records line by line. Raises `InvalidInput`: the file is no CSV file, or has no header."""
        try:
            with self._path.open(encoding=_encoding(self._path), newline="") as file:
                separator = _separator(file.read(_BLOCK))
                file.seek(0)
                reader = csv.reader(file, delimiter=separator)
                yield from columns.read_rows(((reader.line_num, row) for row in reader), self.name)
        except (OSError, csv.Error) as error:
            raise self._unreadable("CSV", "CSV ou XLSX", error) from error


class XlsxExtract(_FileExtract):
    """`ports.extracts.Extract` over an XLSX file. Needs the extra `[xlsx]`."""

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
            raise self._unreadable("planilha", "XLSX ou CSV", error) from error
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write a wrong one, and rows would be skipped
            yield from columns.read_rows(enumerate(sheet.iter_rows(values_only=True), 1), self.name)
        finally:
            book.close()


def _encoding(path: Path) -> str:
    """UTF-8 where the whole file is valid UTF-8, else Latin-1."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _separator(beginning: str) -> str:
    """The separator that occurs most often in one of the first lines."""
    lines = beginning.splitlines()[:20]
    return max(_SEPARATORS, key=lambda sign: max((line.count(sign) for line in lines), default=0))
