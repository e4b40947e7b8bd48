"""XLSX files as openpyxl reads them, and those that it does not: Strict Open XML is rewritten first."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn
from xml.parsers import expat

from credit_protection.adapters.extracts.columns import MAX_COLUMNS, MAX_HEADER_ROW, MAX_ROWS, Columns, Line
from credit_protection.domain.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from credit_protection.adapters.extracts.parsing import Cell

_MAX_BYTES = 1 << 30
"""Of a workbook's parts, decompressed."""
_MAX_PARTS = 1000
_MAX_PART = 32 << 20
"""Of a part that is not a sheet: it is kept in memory as a whole."""
_MAX_RATIO, _SUSPECT = 250, 8 << 20
"""How many times as large as compressed a part of this size or more may be; a real one is less than 60 times."""
_MAX_ROW = 2 << 20
"""Bytes of one row, which is kept in memory as a whole."""
_SHEETS = "xl/worksheets/"
_BLOCK = 1 << 20
_IN_MEMORY = 16 << 20
_MAX_SHEETS = 50
_SCAN_BLOCK = 1 << 16
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
    source: IO[bytes] | None = None
    with zipfile.ZipFile(path) as parts:
        _check_size(parts, path.name)
        _check_rows(parts, path.name)
        if _STRICT in parts.read("xl/workbook.xml"):
            source = _transitional(parts)
    # not its path: openpyxl refuses a name without .xlsx. The workbook reads from the file until it is dropped.
    return load_workbook(source or path.open("rb"), read_only=True, data_only=True)


def sheet_lines(book: Workbook, wanted: Columns) -> Iterator[Line]:
    """The numbered rows of the first sheet that has the wanted header; else of the first one."""
    for sheet in book.worksheets[:_MAX_SHEETS]:
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be skipped
    sheets = book.worksheets[:_MAX_SHEETS]
    chosen = next((sheet for sheet in sheets if _has_header(sheet, wanted)), book.worksheets[0])
    yield from _rows(chosen)


def _has_header(sheet: Worksheet, wanted: Columns) -> bool:
    return any(not wanted.missing(wanted.positions(row or ())) for _, row in islice(_rows(sheet), MAX_HEADER_ROW))


def _rows(sheet: Worksheet) -> Iterator[Line]:
    # a file may name the last of a billion rows only: what is missing before it would be filled in
    for number, row in enumerate(sheet.iter_rows(max_row=MAX_ROWS + 1), 1):
        yield number, [_value(cell.value, cell) for cell in row[:MAX_COLUMNS]]


def _value(value: Cell, cell: object) -> Cell:
    """The value; a whole number that is shown with leading zeros is the text that is shown."""
    if isinstance(value, int) and not isinstance(value, bool):
        shown = getattr(cell, "number_format", None)
        if isinstance(shown, str) and _ZEROS(shown):
            return str(value).zfill(len(shown))
    return value


def _check_size(parts: zipfile.ZipFile, name: str) -> None:
    infos = parts.infolist()
    if len(infos) > _MAX_PARTS or sum(info.file_size for info in infos) > _MAX_BYTES or any(map(_is_bomb, infos)):
        raise InvalidInput(
            f"{name} é grande demais. Divida a planilha, ou salve-a como CSV.", field="file", code="arquivo"
        )
    if any(info.flag_bits & 1 for info in infos):
        raise InvalidInput(
            f"{name} está protegido por senha. Abra-o, tire a senha e salve-o de novo.", field="file", code="arquivo"
        )


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    """Whether a part would take far more memory or time than a workbook's does."""
    is_inflated = info.file_size >= _SUSPECT and info.file_size > _MAX_RATIO * info.compress_size
    return is_inflated or (info.file_size > _MAX_PART and not info.filename.startswith(_SHEETS))


def _check_rows(parts: zipfile.ZipFile, name: str) -> None:
    """Read the sheets once, without keeping them: no row may be larger than a row is, and no entity is declared."""
    for info in parts.infolist():
        if not (info.filename.startswith("xl/") and info.filename.endswith(".xml")):
            continue
        scan = _RowScan(name, is_sheet=info.filename.startswith(_SHEETS))
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = scan.refuse
        parser.EndElementHandler = scan.end
        with parts.open(info) as part:
            while block := part.read(_SCAN_BLOCK):
                scan.add(len(block))
                parser.Parse(block, False)  # noqa: FBT003 - expat takes no names


class _RowScan:
    """How many bytes came since the last row of a sheet ended."""

    def __init__(self, name: str, *, is_sheet: bool) -> None:
        self._name = name
        self._is_sheet = is_sheet
        self._waiting = 0

    def add(self, count: int) -> None:
        self._waiting += count
        if self._is_sheet and self._waiting > _MAX_ROW:
            self.refuse()

    def end(self, tag: str) -> None:
        if tag in {"row", "mergeCell", "col", "conditionalFormatting", "hyperlink"} or tag.endswith(":row"):
            self._waiting = 0

    def refuse(self, *_: object) -> NoReturn:
        raise InvalidInput(
            f"{self._name} tem uma linha que não cabe em uma planilha, ou partes que planilhas não têm. Abra-o no "
            "Excel e salve-o de novo como XLSX ou CSV.",
            field="file",
            code="arquivo",
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
