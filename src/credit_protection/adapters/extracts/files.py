"""Files of an extract, read row by row: CSV (`;`, `,`, tabs or `|`; UTF-8, UTF-16 or Windows-1252), and XLSX."""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from credit_protection.adapters.extracts import columns
from credit_protection.adapters.extracts.columns import MAX_ROWS, RECORDS, Columns, Line
from credit_protection.adapters.extracts.csv_lines import find_layout, read_lines
from credit_protection.adapters.extracts.parsing import EPOCH
from credit_protection.adapters.extracts.workbooks import open_workbook, sheet_lines
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import CreditProtectionError, InvalidInput

if TYPE_CHECKING:
    from datetime import date

_BLOCK = 1 << 16
_MAX_LINE = 1 << 18
"""Characters of a line."""
_MAX_SECONDS = 300.0
"""For reading a file, without what is done with its rows."""
_SAMPLE = 4096
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class FileExtract:
    """`ports.extracts.Extract` over a file; what both formats share."""

    is_operation_log = True

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    def rows(self) -> Iterator[ExtractRow]:
        """Read the records line by line.

        Raises:
            InvalidInput: the file can't be read, or has no header.
            ConfigurationError: it is a spreadsheet, and the extra `[xlsx]` is not installed.
        """
        with self.lines(RECORDS) as (lines, epoch):
            yield from columns.read_rows(lines, self.name, epoch)

    @contextmanager
    def lines(self, wanted: Columns) -> Iterator[tuple[Iterator[Line], date]]:
        """The numbered rows of the file, and the day zero of its numbers. Errors as `rows`."""
        raise NotImplementedError

    def _checked(self, lines: Iterator[Line], form: str, saved_as: str) -> Iterator[Line]:
        """The lines; whatever fails while they are read becomes one sentence, and so do too many of them."""
        try:
            yield from self._bounded_lines(lines)
        except CreditProtectionError:
            raise
        except Exception as error:
            raise self._unreadable(form, saved_as) from error

    def _bounded_lines(self, lines: Iterator[Line]) -> Iterator[Line]:
        spent = 0.0
        while True:
            began = time.monotonic()
            line = next(lines, None)
            spent += time.monotonic() - began
            if line is None:
                return
            if line[0] > MAX_ROWS or spent > _MAX_SECONDS:
                raise self._too_large()
            yield line

    def _too_large(self) -> InvalidInput:
        message = f"{self.name} tem linhas demais para um extrato. Divida o arquivo, ou apague as linhas vazias do fim."
        return InvalidInput(message, field="file", code="arquivo")

    def _unreadable(self, form: str, saved_as: str) -> InvalidInput:
        message = (
            f"{self.name} não pôde ser lido como {form}: o arquivo está danificado ou cortado. Abra-o no programa que "
            f"o gerou e salve-o de novo como {saved_as}."
        )
        return InvalidInput(message, field="file", code="arquivo")


class CsvExtract(FileExtract):
    """`ports.extracts.Extract` over a CSV file."""

    @contextmanager
    def lines(self, wanted: Columns) -> Iterator[tuple[Iterator[Line], date]]:
        """The numbered rows of the file."""
        try:
            encoding = _encoding(self._path)
            with self._open(encoding) as beginning:
                layout = find_layout(self._bounded(beginning), wanted)
            file = self._open(encoding)
        except (OSError, UnicodeError) as error:
            raise self._unreadable("CSV", "CSV ou XLSX") from error
        with file:
            yield self._checked(read_lines(self._bounded(file), layout), "CSV", "CSV ou XLSX"), EPOCH

    def _bounded(self, file: TextIO) -> Iterator[str]:
        """The lines of a file; one that never ends is none of an extract."""
        while line := file.readline(_MAX_LINE + 1):
            if len(line) > _MAX_LINE:
                raise self._unreadable("CSV", "CSV ou XLSX")
            yield line

    def _open(self, encoding: str) -> TextIO:
        return self._path.open(encoding=encoding, errors="replace" if encoding == "cp1252" else "strict")


class XlsxExtract(FileExtract):
    """`ports.extracts.Extract` over an XLSX file: the first sheet that has a header. Needs the extra `[xlsx]`."""

    @contextmanager
    def lines(self, wanted: Columns) -> Iterator[tuple[Iterator[Line], date]]:
        """The numbered rows of the sheet."""
        try:
            book = open_workbook(self._path)
        except CreditProtectionError:
            raise
        except Exception as error:
            raise self._unreadable("planilha", "XLSX ou CSV") from error
        try:
            yield self._checked(sheet_lines(book, wanted), "planilha", "XLSX ou CSV"), book.epoch.date()
        finally:
            book.close()


def _encoding(path: Path) -> str:
    """By the byte order mark, or by the zeros of UTF-16; UTF-8 where the whole file is valid; else Windows-1252."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if sample.startswith(mark):
                return encoding
        zeros = len(sample) // 5
        if sample[1::2].count(0) > zeros:
            return "utf-16-le"
        if sample[::2].count(0) > zeros:
            return "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(sample)
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"
