"""Paid bytes are never thrown away: what every reader opens is a report, and anything else is kept for a person."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_protection.adapters.bureaus.credito_na_medida.wire.answers import parse_report
from credit_protection.adapters.http.calls import HttpReply
from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import (
    BureauError,
    Conflict,
    InvalidReport,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ProtocolError,
    ReceivedAnswer,
)
from credit_protection.domain.queries import DocumentReport, QueryStatus
from tests.adapters.bureaus.credito_na_medida.conftest import bureau, gateway
from tests.adapters.bureaus.credito_na_medida.samples import BASE, pdf, query
from tests.application.app import ANA

if TYPE_CHECKING:
    import respx

    from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
    from tests.application.app import AppFixture

__all__ = ["bureau", "gateway"]
PDF = pdf()
B64 = base64.b64encode(PDF).decode()
URL_SAFE = base64.urlsafe_b64encode(PDF).decode().rstrip("=")
OWN = f"{BASE}/v1/relatorios/1.pdf"


def raw(content: bytes, kind: str = "application/pdf") -> httpx.Response:
    return httpx.Response(200, content=content, headers={"content-type": kind})


def wrapped(
    text: str, kind: str = "application/json", charset: str = "utf-8", key: str = "pdf_base64"
) -> httpx.Response:
    body = json.dumps({"protocolo": "P1", "situação": "concluída", key: text}, ensure_ascii=False)
    return raw(body.encode(charset), kind)


REPORTS = {
    "line break": (raw(b"\r\n" + PDF), b"\r\n" + PDF),
    "byte order mark": (raw(b"\xef\xbb\xbf" + PDF), b"\xef\xbb\xbf" + PDF),
    "noise": (raw(b"x\n" * 500 + PDF), b"x\n" * 500 + PDF),
    "x-pdf": (raw(PDF, "application/x-pdf"), PDF),
    "octets": (raw(PDF, "application/octet-stream;charset=binary"), PDF),
    "no type": (raw(PDF, ""), PDF),
    "data URL": (wrapped("data:application/pdf;base64," + B64), PDF),
    "data URL as an address": (wrapped("DATA:application/pdf;name=r.pdf;base64," + B64, key="pdf_url"), PDF),
    "data URL as the body": (raw(b"data:application/pdf;base64," + B64.encode(), "text/plain"), None),
    "Base64 as the body": (raw(B64.encode(), "application/pdf"), PDF),
    "URL-safe": (wrapped(URL_SAFE), PDF),
    "unpadded": (wrapped(B64.rstrip("=")), PDF),
    "lines": (wrapped("\r\n".join(B64[i : i + 76] for i in range(0, len(B64), 76))), PDF),
    "Latin-1": (wrapped(B64, "application/json; charset=ISO-8859-1", "latin-1"), PDF),
    "Latin-1 without a word": (wrapped(B64, "application/json", "latin-1"), PDF),
    "JSON called PDF": (wrapped(B64, "application/pdf"), PDF),
    "JSON called text": (wrapped(B64, "text/html; charset=utf-8"), PDF),
}


@pytest.mark.parametrize(("reply", "content"), REPORTS.values(), ids=REPORTS)
def test_report_that_every_reader_opens_is_kept_as_received(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, reply: httpx.Response, content: bytes | None
) -> None:
    bureau.post("/v1/consultas").mock(return_value=reply)
    if content is None:  # its type is not a PDF's
        with pytest.raises(InvalidReport) as refused:
            gateway.query(query())
        assert refused.value.answer == ReceivedAnswer(reply.content, "text/plain")
        return
    report = gateway.query(query())
    assert isinstance(report, DocumentReport)
    assert report.content == content


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_base64_of_any_form_is_decoded(content: bytes, url_safe: bool, padded: bool) -> None:
    encoded = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(content).decode()
    text = encoded if padded else encoded.rstrip("=")
    for form in (text, f"data:application/pdf;base64,{text}"):
        body = json.dumps({"pdf_base64": form}).encode()
        assert parse_report(HttpReply(200, {"content-type": "application/json"}, body)).content == content


FAILED: dict[str, tuple[httpx.Response, bytes]] = {
    "error page": (raw(b"<html>erro</html>"), b"<html>erro</html>"),
    "cut": (raw(PDF[:-50]), PDF[:-50]),
    "header too far": (raw(b" " * 2000 + PDF), b" " * 2000 + PDF),
    "image": (raw(PDF, "image/png"), PDF),
    "broken JSON": (raw(b'{"pdf_base64": "' + B64.encode(), "application/json"), b'{"pdf_base64": "' + B64.encode()),
    "no report": (httpx.Response(404, content=PDF), PDF),
}


@pytest.mark.parametrize(("reply", "content"), FAILED.values(), ids=FAILED)
def test_bytes_that_fail_the_checks_come_with_the_error(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway, reply: httpx.Response, content: bytes
) -> None:
    bureau.post("/v1/consultas").mock(return_value=reply)
    with pytest.raises(ProtocolError) as failed:
        gateway.query(query())
    assert failed.value.answer is not None
    assert failed.value.answer.content == content
    assert "pdf" not in repr(failed.value.answer).lower().replace("application/pdf", "")


def test_address_of_a_report_that_can_not_be_downloaded_is_kept(
    bureau: respx.MockRouter, gateway: CreditoNaMedidaGateway
) -> None:
    paid = wrapped(OWN, key="pdf_url")
    bureau.post("/v1/consultas").mock(return_value=paid)
    bureau.get("/v1/relatorios/1.pdf").mock(return_value=httpx.Response(404))
    with pytest.raises(OutcomeUnknown) as lost:
        gateway.query(query())
    assert lost.value.answer == ReceivedAnswer(paid.content, "application/json")


# ------------------------------------------------------------------------------------------------ what a person does

KEPT = InvalidReport("O PDF do birô chegou cortado.", request_id="P-9", answer=ReceivedAnswer(b"%PDF-1.4 cut", "x/y"))


def failed_query(app: AppFixture, error: BureauError = KEPT) -> str:
    app.bureau.fail_next("query", error)
    with pytest.raises(BureauError) as raised:
        app.query()
    return str(raised.value.context["query_id"])


def test_person_opens_it_anyway_and_it_is_audited(app: AppFixture) -> None:
    failed = failed_query(app)
    stored, answer = app.queries.open_unchecked(ANA, failed)
    assert (stored.status, stored.has_unchecked_answer, stored.size) == (QueryStatus.UNKNOWN, True, 12)
    assert (answer.content, answer.declared_type, answer.reason) == (b"%PDF-1.4 cut", "x/y", KEPT.message)
    assert answer.suffix == ".pdf"
    assert app.acts(failed) == ["query.run", "query.open_unchecked"]


def test_it_is_never_given_as_a_report(app: AppFixture) -> None:
    failed = failed_query(app)
    with pytest.raises(Conflict, match="--anyway") as refused:
        app.queries.open(ANA, failed)
    assert refused.value.code == "resposta_nao_conferida"
    assert app.acts(failed) == ["query.run"]
    with pytest.raises(Conflict):
        app.queries.open_unchecked(ANA, app.query())


def test_only_who_reads_the_history_of_the_creditor_opens_it(app: AppFixture) -> None:
    failed = failed_query(app)
    with pytest.raises(PermissionDenied):
        app.queries.open_unchecked(Actor("x", "X", frozenset()), failed)
    elsewhere = Actor("y", "Y", ANA.permissions, creditor_ids=frozenset({"99"}))
    with pytest.raises(NotFound):
        app.queries.open_unchecked(elsewhere, failed)


def test_nothing_is_kept_where_nothing_came(app: AppFixture) -> None:
    for error in (InvalidReport("Vazio.", answer=ReceivedAnswer(b"")), OutcomeUnknown("Sem resposta.")):
        failed = failed_query(app, error)
        assert not app.queries.get(ANA, failed).has_unchecked_answer
        with pytest.raises(NotFound):
            app.queries.open_unchecked(ANA, failed)


def test_page_is_downloaded_under_a_name_that_no_browser_opens(app: AppFixture) -> None:
    page = InvalidReport("Não é um PDF.", answer=ReceivedAnswer(b"<html><script>", "text/html"))
    assert app.queries.open_unchecked(ANA, failed_query(app, page))[1].suffix == ".bin"
