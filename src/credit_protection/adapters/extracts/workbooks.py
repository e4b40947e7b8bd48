"""XLSX files as openpyxl reads them, and those that it does not: Strict Open XML is rewritten first."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from credit_protection.adapters.extracts.columns import MAX_HEADER_ROW, Columns, Line
from credit_protection.domain.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from credit_protection.adapters.extracts.parsing import Cell

_MAX_BYTES = 1 << 30
"""Of a workbook's parts, decompressed."""
_BLOCK = 1 << 20
_IN_MEMORY = 16 << 20
_STRICT = b"http://purl.oclc.org/ooxml/"
_NAMESPACES = (
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
_LONGEST = max(len(old) for old, _ in _NAMESPACES)
_ZEROS = re.compile(r"0{2,}").fullmatch


def open_workbook(path: Path) -> Workbook:
    """Open an XLSX file to be read row by row.

    Raises:
        ConfigurationError: the extra is not installed.
        InvalidInput: it inflates beyond the limit, or needs a password.
        Exception: openpyxl can't read it.
    """
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Para ler planilhas XLSX, instale: pip install 'credit-protection[xlsx]'. Ou salve como CSV.",
            code="xlsx_ausente",
        ) from error
    source: Path | IO[bytes] = path
    with zipfile.ZipFile(path) as parts:
        _check_size(parts, path.name)
        if _STRICT in parts.read("xl/workbook.xml"):
            source = _transitional(parts)
    return load_workbook(source, read_only=True, data_only=True)


def sheet_lines(book: Workbook, wanted: Columns) -> Iterator[Line]:
    """The numbered rows of the first sheet that has the wanted header; else of the first one."""
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be skipped
    chosen = next((sheet for sheet in book.worksheets if _has_header(sheet, wanted)), book.worksheets[0])
    yield from _rows(chosen)


def _has_header(sheet: Worksheet, wanted: Columns) -> bool:
    return any(not wanted.missing(wanted.positions(row or ())) for _, row in islice(_rows(sheet), MAX_HEADER_ROW))


def _rows(sheet: Worksheet) -> Iterator[Line]:
    for number, row in enumerate(sheet.iter_rows(), 1):
        yield number, [_value(cell.value, cell) for cell in row]


def _value(value: Cell, cell: object) -> Cell:
    """The value; a whole number that is shown with leading zeros is the text that is shown."""
    if isinstance(value, int) and not isinstance(value, bool):
        shown = getattr(cell, "number_format", None)
        if isinstance(shown, str) and _ZEROS(shown):
            return str(value).zfill(len(shown))
    return value


def _check_size(parts: zipfile.ZipFile, name: str) -> None:
    infos = parts.infolist()
    if sum(info.file_size for info in infos) > _MAX_BYTES:
        raise InvalidInput(
            f"{name} é grande demais. Divida a planilha, ou salve-a como CSV.", field="file", code="arquivo"
        )
    if any(info.flag_bits & 1 for info in infos):
        raise InvalidInput(
            f"{name} está protegido por senha. Abra-o, tire a senha e salve-o de novo.", field="file", code="arquivo"
        )


def _transitional(parts: zipfile.ZipFile) -> IO[bytes]:
    """A Strict Open XML workbook ("Planilha Strict Open XML") under the names that openpyxl knows."""
    target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the workbook reads from it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as renamed:
        for info in parts.infolist():
            with parts.open(info) as old, renamed.open(info.filename, "w", force_zip64=True) as new:
                _rename(old, new)
    target.seek(0)
    return target


def _rename(old: IO[bytes], new: IO[bytes]) -> None:
    """Copy block by block; a name that a block cuts is kept for the next one."""
    rest = b""
    while block := old.read(_BLOCK):
        rest += block
        for strict, transitional in _NAMESPACES:
            rest = rest.replace(strict, transitional)
        new.write(rest[:-_LONGEST])
        rest = rest[-_LONGEST:]
    new.write(rest)
