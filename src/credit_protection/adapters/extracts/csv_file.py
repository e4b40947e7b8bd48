"""An extract as CSV: `;`, `,` or tabs, UTF-8 or Latin-1, read line by line."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from credit_protection.adapters.extracts import columns
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.errors import InvalidInput

_BLOCK = 1 << 16
_SEPARATORS = ";,\t"


class CsvExtract:
    """`ports.extracts.Extract` over a CSV file."""

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
            InvalidInput: the file is no CSV file, or has no header.
        """
        try:
            with self._path.open(encoding=_encoding(self._path), newline="") as file:
                separator = _separator(file.read(_BLOCK))
                file.seek(0)
                reader = csv.reader(file, delimiter=separator)
                yield from columns.read_rows(((reader.line_num, row) for row in reader), self.name)
        except (OSError, csv.Error) as error:
            raise InvalidInput(
                f"{self.name} não pôde ser lido como CSV: {error}. Salve-o de novo como CSV ou XLSX.",
                field="file",
                code="arquivo",
            ) from error


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
