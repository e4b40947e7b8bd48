"""A bureau of Crédito na Medida's contract whose answers are bytes that a test chooses, over a real socket."""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.adapters.http.raw_server import RawServer

SECRET = "SEGREDO-CANARIO/z9y8+x7w6"
TOKEN = "TOKEN-CANARIO-9f8e7d6c5b4a39281706"
CPF = "90000900168"
OTHER_CPF = "52998224725"


@dataclass(frozen=True, slots=True)
class Request:
    """What the bureau was sent."""

    method: str
    path: str
    body: bytes


Answer = Callable[[Request], bytes] | bytes


def http(
    status: int = 200,
    body: object = b"",
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of an HTTP answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": media_type, "Content-Length": str(len(content)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


def pdf(*shown: str, after: bytes = b"") -> bytes:
    """A PDF of one page that shows these texts."""
    content = b"\n".join(b"BT (%b) Tj ET" % text.encode("latin-1") for text in shown)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
    ]
    written = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table) + trailer + after


PRODUCTS = {
    "produtos": [
        {"codigo": "ESSENCIAL", "nome": "Essencial", "tipo": "CONSULTA", "pessoas": ["PF", "PJ"], "preco": "5.00"},
        {"codigo": "NEG", "nome": "Inclusão", "tipo": "INCLUSAO", "pessoas": ["PF", "PJ"]},
    ]
}
NATURES = {"naturezas": [{"codigo": "DEV", "descricao": "Devedor (PF)"}, {"codigo": "DUP", "descricao": "Dupl. (PJ)"}]}
REASONS = {"motivos": [{"codigo": "PAGAMENTO", "descricao": "Pagamento"}]}
LOGIN = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}


@dataclass
class HostileBureau:
    """Answers by the beginning of `METHOD /path`; the longest that fits. Set `answers` to change them."""

    answers: dict[str, Answer] = field(default_factory=dict)
    received: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = {
            "POST /oauth/token": http(200, LOGIN),
            "GET /v1/produtos": http(200, PRODUCTS),
            "GET /v1/naturezas": http(200, NATURES),
            "GET /v1/motivos": http(200, REASONS),
            "": http(404, {"codigo": "NAO_ENCONTRADA", "mensagem": "Não há."}),
            **self.answers,
        }

    def start(self) -> RawServer:
        """Serve, until the server is stopped."""
        return RawServer(self._answer)

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.decode("latin-1").split(" ", 2)
        received = Request(method, path, body)
        self.received.append(received)
        fitting = (name for name in self.answers if f"{method} {path}".startswith(name))
        answer = self.answers[max(fitting, key=len)]
        connection.sendall(answer if isinstance(answer, bytes) else answer(received))
