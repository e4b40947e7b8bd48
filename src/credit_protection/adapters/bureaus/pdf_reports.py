"""PDF reports: checked before they are stored, byte for byte."""

from __future__ import annotations

import io

from credit_protection.domain.errors import InvalidReport
from credit_protection.domain.queries import PDF, PDF_HEADER, check_document_bytes

_UNSPECIFIC = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/x-pdf"})


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
