"""One answer belongs to one call, and a report to the person who was asked about."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import date

import pytest

from credit_protection.adapters.bureaus.credito_na_medida.gateway import CreditoNaMedidaGateway
from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.bureaus.pdf_reports import named_documents, trailing_notice
from credit_protection.adapters.http import Deadline, HttpCall
from credit_protection.adapters.http.client import HttpClient
from credit_protection.domain.bureau_answers import RecordKey
from credit_protection.domain.documents import Cpf, parse_document
from credit_protection.domain.errors import InvalidReport, OutcomeUnknown, ProtocolError
from credit_protection.domain.integrations import Environment
from credit_protection.domain.queries import DocumentReport, Purpose, QueryStatus, StructuredReport, answered
from credit_protection.ports.bureau import QueryOrder
from credit_protection.testing import samples
from tests.adapters.http.raw_server import RawServer
from tests.attacks.hostile_bureau import CPF, OTHER_CPF, SECRET, Answer, HostileBureau, Request, http, pdf

OURS, OTHER = Cpf(CPF), Cpf(OTHER_CPF)


class Account:
    """A gateway to a hostile bureau."""

    def __init__(self) -> None:
        self.bureau = HostileBureau()
        self.server: RawServer = self.bureau.start()
        values = {"client_id": "c", "client_secret": SECRET, "base_url": self.server.url, "tempo_limite": "5"}
        self.gateway: CreditoNaMedidaGateway = CreditoNaMedidaProvider().create(values, Environment.PRODUCTION)

    def ask(self, document: Cpf = OURS) -> DocumentReport:
        report = self.gateway.query(QueryOrder("ESSENCIAL", document, Purpose.CREDIT_GRANTING, {}))
        assert isinstance(report, DocumentReport)
        return report


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    yield made
    made.gateway.close()
    made.server.stop()


def answer_twice_about(document: str) -> Answer:
    def answer(request: Request) -> bytes:
        asked = json.loads(request.body)["documento"]
        report = http(200, pdf(f"Documento {asked}"), "application/pdf")
        return report * (2 if asked == document else 1)

    return answer


def test_second_answer_of_one_query_is_never_the_next_persons(account: Account) -> None:
    account.gateway.check()
    account.bureau.answers["POST /v1/consultas"] = answer_twice_about(OTHER_CPF)
    assert OTHER_CPF.encode() in account.ask(OTHER).content
    for _ in range(2):
        content = account.ask(OURS).content
        assert CPF.encode() in content
        assert OTHER_CPF.encode() not in content


def test_paid_answer_with_trailing_bytes_is_kept_with_a_notice(account: Account) -> None:
    account.bureau.answers["POST /v1/consultas"] = answer_twice_about(CPF)
    report = account.ask(OURS)
    assert "Vieram mais bytes" in report.notice
    assert report.content == pdf(f"Documento {CPF}")
    query = answered(samples.query(document=OURS), report, samples.NOW)
    assert (query.status, query.error_message) == (QueryStatus.ANSWERED, report.notice)


@pytest.mark.parametrize("bytes_after", [b"x", b"HTTP/1.1 200 OK\r\n", b"\r\n\r\n", b"\0" * 100_000])
def test_connection_with_bytes_left_over_is_not_used_again(bytes_after: bytes) -> None:
    answers = iter([http(200, {"n": 1}) + bytes_after, http(200, {"n": 2})])
    server = RawServer(lambda connection, _: connection.sendall(next(answers)))
    with HttpClient(server.url) as client:
        replies = [client.send(HttpCall("GET", "/"), Deadline.after(5)).parse_json() for _ in range(2)]
    server.stop()
    assert replies == [{"n": 1}, {"n": 2}]
    assert server.connections == 2


@pytest.mark.parametrize("status", [204, 304])
def test_body_of_an_answer_that_has_none_is_left_over(status: int) -> None:
    answers = iter([f"HTTP/1.1 {status} X\r\n\r\n".encode() + http(200, {"n": 1}), http(200, {"n": 2})])
    server = RawServer(lambda connection, _: connection.sendall(next(answers)))
    with HttpClient(server.url) as client:
        client.send(HttpCall("GET", "/"), Deadline.after(5))
        assert client.send(HttpCall("GET", "/"), Deadline.after(5)).parse_json() == {"n": 2}
    server.stop()


def test_clean_connection_is_used_again_but_never_by_a_query(account: Account) -> None:
    account.bureau.answers["POST /v1/consultas"] = http(200, pdf(CPF), "application/pdf")
    for _ in range(3):
        account.gateway.products()
    assert account.server.connections == 1
    for _ in range(2):
        assert account.ask().notice == ""
    assert account.server.connections == 3
    account.gateway.products()
    assert account.server.connections == 3


def test_answer_that_waits_on_an_idle_connection_is_not_taken(account: Account) -> None:
    """A bureau that sends a report on the connection of an earlier call, before anything was asked."""
    late: list[socket.socket] = []

    def answer(connection: socket.socket, request: bytes) -> None:
        if b"/oauth/token" in request:
            account.bureau._answer(connection, request)
        elif b"/v1/produtos" in request:
            late.append(connection)
            account.bureau._answer(connection, request)
        else:
            connection.sendall(http(200, pdf(CPF), "application/pdf"))

    account.server._handler = answer
    account.gateway.products()
    late[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    late[0].sendall(http(200, pdf(OTHER_CPF), "application/pdf"))
    assert CPF.encode() in account.ask().content
    account.gateway.products()


def test_structured_answer_about_another_person_is_kept_and_is_no_report(account: Account) -> None:
    body = {"documento": OTHER.formatted, "protocolo": "P-1", "pdf_base64": "JVBERi0xLjQK"}
    account.bureau.answers["POST /v1/consultas"] = http(200, body)
    with pytest.raises(InvalidReport, match="outro documento") as caught:
        account.ask()
    assert caught.value.answer is not None
    assert caught.value.may_have_executed
    assert OTHER_CPF not in caught.value.message
    assert OTHER.formatted not in caught.value.message


@pytest.mark.parametrize(
    ("shown", "is_noticed"),
    [
        ((f"CPF {OTHER.formatted}",), True),
        ((f"CPF {OTHER_CPF}",), True),
        ((f"CPF {OURS.formatted}", f"Cônjuge {OTHER.formatted}"), False),
        (("Sem documento",), False),
        ((OTHER.masked,), False),
    ],
)
def test_pdf_that_names_another_person_only_has_a_notice(
    account: Account, shown: tuple[str, ...], is_noticed: bool
) -> None:
    account.bureau.answers["POST /v1/consultas"] = http(200, pdf(*shown), "application/pdf")
    report = account.ask()
    assert ("outro documento" in report.notice) is is_noticed


def test_structured_report_about_another_person_has_a_notice() -> None:
    about = {"pessoa": {"cpf": OTHER.formatted, "socios": [{"cpf": OTHER_CPF}]}, "score": 500}
    query = answered(samples.query(document=OURS), StructuredReport(about), samples.NOW)
    assert "outro documento" in query.error_message
    both = {"consultado": CPF, "socios": [{"cpf": OTHER_CPF}]}
    assert answered(samples.query(document=OURS), StructuredReport(both), samples.NOW).error_message == ""


def test_bytes_after_the_end_of_a_pdf_are_noticed() -> None:
    assert trailing_notice(pdf("x", after=b"\r\n\0\0 ")) == ""
    assert "mais bytes" in trailing_notice(pdf("x", after=b"%PDF-1.4 another"))


def test_kerned_text_of_a_pdf_is_read() -> None:
    kerned = pdf("x").replace(b"(x) Tj", b"[(529.982) -20 (.247-25)] TJ")
    assert named_documents(kerned) in ({parse_document(OTHER_CPF)}, frozenset())


def test_endless_list_ends_with_an_error(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credit_protection.adapters.bureaus.credito_na_medida.gateway._MOST_PAGES", 50)
    pages = iter(range(10**9))

    def page(_: Request) -> bytes:
        number = next(pages)
        records = [
            {
                "id": f"N{number}-{place}",
                "documento": CPF,
                "contrato": f"C{number}-{place}",
                "vencimento": "2026-01-01",
                "valor": "1.00",
                "operacao": "INCLUSAO",
                "situacao": "INCLUSAO",
            }
            for place in range(3)
        ]
        return http(200, {"negativacoes": records})

    account.bureau.answers["GET /v1/negativacoes"] = page
    with pytest.raises(ProtocolError, match="não termina"):
        sum(1 for _ in account.gateway.list_records())
    with pytest.raises(ProtocolError, match="não termina"):
        account.gateway.find(RecordKey(OURS, "C", date(2026, 1, 1)))


def test_list_that_goes_in_a_circle_ends_with_an_error(account: Account) -> None:
    numbers = iter(range(10**9))

    def page(_: Request) -> bytes:
        record = {"documento": CPF, "contrato": "C", "vencimento": "2026-01-01", "valor": "1.00"}
        record |= {"id": f"N{next(numbers) % 3}", "operacao": "INCLUSAO", "situacao": "INCLUSAO"}
        return http(200, {"negativacoes": [record]})

    account.bureau.answers["GET /v1/negativacoes"] = page
    with pytest.raises(ProtocolError, match="repete"):
        sum(1 for _ in account.gateway.list_records())


@pytest.mark.parametrize(
    "url",
    [
        "https://user:pass@127.0.0.1/r.pdf",
        "https://127.1/r.pdf",
        "https://0x7f.0.0.1/r.pdf",
        "https://169.254.169.254/latest",
        "https://a..b/r.pdf",
        "https://good.example\\@evil.example/r.pdf",
        "ftp://good.example/r.pdf",
        "file:///etc/passwd",
        "https:///r.pdf",
    ],
)
def test_report_at_an_odd_address_is_not_fetched(account: Account, url: str) -> None:
    account.bureau.answers["POST /v1/consultas"] = http(200, {"protocolo": "P-1", "pdf_url": url})
    with pytest.raises(OutcomeUnknown, match="endereço de relatório inválido"):
        account.ask()
    assert [request.path for request in account.bureau.received] == ["/oauth/token", "/v1/consultas"]
