"""Ready-made reports: checked to be what was promised before they are kept, byte for byte."""

from __future__ import annotations

import io

from credit_protection.domain.errors import InvalidReport
from credit_protection.domain.queries import PDF, check_document_bytes

_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def check_pdf(content: bytes, media_type: str) -> None:
    """Pass where the bytes are a PDF that opens and has a page.

    Args:
        content: as received.
        media_type: as declared; a declaration that says nothing leaves it to the bytes.

    Raises:
        InvalidReport: an error page, an empty body, a cut file, or one that no reader could open.
    """
    check_document_bytes(content, PDF if media_type.lower() in _SAYS_NOTHING else media_type, PDF)
    if _pages(content) < 1:
        raise InvalidReport("O PDF do birô não abre ou não tem páginas. Confira no portal se a consulta foi cobrada.")


def _pages(content: bytes) -> int:
    """How many pages a reader finds, small faults forgiven; 0 where it can't open the file."""
    from pypdf import PdfReader  # noqa: PLC0415 - slow to import, and needed only once a report is at hand

    try:
        pages = PdfReader(io.BytesIO(content), strict=False).pages
        count = len(pages)
        if count:
            _ = pages[0].mediabox, pages[count - 1].mediabox
    except Exception:  # noqa: BLE001 - whatever a broken file makes the reader raise, it is a broken file
        return 0
    return count
