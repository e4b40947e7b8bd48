"""A report is a PDF that opens and has a page, or it is refused."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from credit_protection.adapters.bureaus.pdf_reports import check_pdf
from credit_protection.domain.errors import InvalidReport
from credit_protection.testing.simulator.credito_na_medida.reports import ReportOrder, report

PDF = report(ReportOrder("90010020055", "ESSENCIAL", "Consulta Essencial", ()), None)


def to_bytes(writer: PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def pdf_with_pages(count: int, password: str | None = None) -> bytes:
    writer = PdfWriter()
    for _ in range(count):
        writer.add_blank_page(72, 72)
    if password is not None:
        writer.encrypt(password, "owner")
    return to_bytes(writer)


@pytest.mark.parametrize(
    "content", [PDF, pdf_with_pages(1), pdf_with_pages(3), pdf_with_pages(1, ""), PDF + b"\n", PDF + b"\0" * 100]
)
def test_pdf_that_opens_is_accepted(content: bytes) -> None:
    check_pdf(content, "application/pdf")


@pytest.mark.parametrize("media_type", ["Application/PDF", "application/pdf; name=x", "application/octet-stream", ""])
def test_media_type_pdf_or_unspecific_is_accepted(media_type: str) -> None:
    check_pdf(PDF, media_type)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>",
        PDF[:100],
        PDF[: len(PDF) // 2],
        PDF[:100] + b"\n%%EOF\n",
        b"%PDF-1.4\n%%EOF",
        pdf_with_pages(0),
        pdf_with_pages(1, "secret"),
    ],
)
def test_file_that_does_not_open_or_has_no_page_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidReport):
        check_pdf(content, "application/pdf")


@given(st.integers(0, len(PDF)), st.binary(max_size=40), st.integers(0, 200))
def test_damaged_file_is_accepted_or_refused_without_another_error(place: int, damage: bytes, missing: int) -> None:
    with contextlib.suppress(InvalidReport):
        check_pdf(PDF[:place] + damage + PDF[place + missing :], "application/pdf")
