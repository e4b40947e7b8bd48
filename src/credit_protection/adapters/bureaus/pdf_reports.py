"""PDF reports: checked before they are stored, byte for byte."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from itertools import islice

from credit_protection.domain.documents import Document, parse_document
from credit_protection.domain.errors import InvalidInput, InvalidReport
from credit_protection.domain.queries import PDF, PDF_HEADER, check_document_bytes

_UNSPECIFIC = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-pdf"})

MORE_BYTES = "Vieram mais bytes depois do fim da resposta, e eles não fazem parte dela. Confira de quem é o relatório."
"""The notice of an answer after which something followed that belongs to no answer."""
_END = b"%%EOF"
_MOST_PAGES = 5
_MOST_TEXT = 2 << 20
_LARGEST_READ = 8 << 20
_KERNING = re.compile(rb"\)[ \t\r\n]{0,8}-?[0-9.]{0,8}[ \t\r\n]{0,8}\(")
_STRING = re.compile(rb"\(((?:[^()\\]|\\.)*+)\)", re.DOTALL).findall
_DOCUMENT = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{11}"
    r"|[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}|[0-9]{14})(?![0-9A-Za-z])"
).findall


def check_pdf(content: bytes, media_type: str) -> None:
    """Check that the bytes are a PDF that opens and has a page; an unspecific media type leaves it to the bytes.

    Raises:
        InvalidReport: an error page, an empty body, a truncated file, or one that no reader could open.
    """
    declared = media_type.partition(";")[0].strip().lower()
    check_document_bytes(content, PDF if declared in _UNSPECIFIC else declared, PDF)
    begins_at = content.index(PDF_HEADER)
    if _count_pages(content) < 1 and (not begins_at or _count_pages(content[begins_at:]) < 1):
        raise InvalidReport("O PDF do birô não abre ou não tem páginas. Confira no portal se a consulta foi cobrada.")


def named_documents(content: bytes) -> frozenset[Document]:
    """The CPFs and CNPJs in the text of a checked PDF's first pages; where the text can't be read, none.

    It reads what common fonts show, within bounds: a hostile file costs no more time than a report does.
    """
    found: set[Document] = set()
    for text in _page_texts(content):
        for written in _DOCUMENT(text):
            with contextlib.suppress(InvalidInput):
                found.add(parse_document(written))
    return frozenset(found)


def trailing_notice(content: bytes) -> str:
    """The notice of a PDF after whose end something follows; else an empty text."""
    rest = content[content.rindex(_END) + len(_END) :] if _END in content else b""
    return MORE_BYTES if rest.strip(b"\0 \t\r\n\f") else ""


def _page_texts(content: bytes) -> Iterator[str]:
    """The strings of each page, as they follow each other in its content."""
    from pypdf import PdfReader  # noqa: PLC0415 - slow to import, and needed only for a report

    left = _MOST_TEXT
    if len(content) > _LARGEST_READ:
        return
    try:
        for page in islice(PdfReader(io.BytesIO(content), strict=False).pages, _MOST_PAGES):
            stream = page.get_contents()
            data = b"" if stream is None else stream.get_data()
            left -= len(data)
            if left < 0:
                return
            yield " ".join(part.decode("latin-1") for part in _STRING(_KERNING.sub(b"", data)))
    except Exception:  # noqa: BLE001 - any error of the reader means that the text can't be read
        return


def _count_pages(content: bytes) -> int:
    """How many pages a lenient reader finds; 0 where it can't open the file."""
    from pypdf import PdfReader  # noqa: PLC0415 - slow to import, and needed only for a report

    try:
        pages = PdfReader(io.BytesIO(content), strict=False).pages
        count = len(pages)
        if count:
            _ = pages[0].mediabox, pages[count - 1].mediabox
    except Exception:  # noqa: BLE001 - any error of the reader means a broken file
        return 0
    return count
