"""A threaded HTTP/1.1 server whose application controls the connection: it may answer, delay or close it.

It uses the standard library's server, because no framework gives such access to the socket.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qsl, unquote, urlsplit

Application = Callable[["Request", "Connection"], None]
_BODY_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request: decoded path, query pairs in order, header names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, value: object, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        """An answer whose body is `value` as JSON."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), headers=headers)


class ServerStopped(Exception):
    """The server stopped while a call was waiting."""


class Server(ThreadingHTTPServer):
    """One listening socket and its threads. `stop` closes every open connection, and is final."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    timeout = 0.5

    def __init__(self, host: str, port: int, application: Application) -> None:
        self.application = application
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((host, port), Connection)
        self.origin = f"http://{host}:{self.server_port}"
        self._thread = threading.Thread(target=self._accept_all, name="bureau-simulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, wake waiting calls, and close open connections."""
        self.stopping.set()
        _close_connection(self.socket)  # wakes the accepting thread
        self._thread.join()
        self.server_close()
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            _close_connection(connection)

    def server_bind(self) -> None:
        """Bind without HTTPServer's name look-up, which may call a DNS server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept, and register the connection for `stop`."""
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Close a connection that has ended."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Print errors, except broken connections: a simulator expects those."""
        if not isinstance(sys.exception(), OSError | ServerStopped):
            super().handle_error(request, client_address)

    def _accept_all(self) -> None:
        """Accept until stopped. Unlike `serve_forever`, it ends at once."""
        while not self.stopping.is_set():
            self.handle_request()


class Connection(BaseHTTPRequestHandler):
    """One connection: it passes each request to the application, which answers, delays or closes it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    connection: socket.socket

    def _serve_request(self) -> None:
        body = self._read_body()
        if body is None:
            return
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(target.path),
            query=tuple(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            origin=self.server.origin,
        )
        self.server.application(request, self)

    # The base class finds a method by its name in HTTP.
    do_GET = do_HEAD = do_POST = _serve_request  # noqa: N815
    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve_request  # noqa: N815

    def send(self, answer: Answer) -> None:
        """Send the answer at once; a closed client is no error."""
        self._write(self._wire(answer))

    def trickle(self, answer: Answer, interval: float) -> None:
        """Send the answer byte by byte, `interval` seconds apart."""
        for byte in self._wire(answer):
            self.pause(interval)
            self._write(bytes((byte,)))
            if self.close_connection:
                return

    def cut(self) -> None:
        """Close without an answer. The application may continue."""
        self.close_connection = True
        _close_connection(self.connection)

    def pause(self, seconds: float) -> None:
        """Wait. Raises `ServerStopped` when the server stops."""
        if seconds > 0 and self.server.stopping.wait(seconds):
            raise ServerStopped

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse invalid HTTP and close: the start of the next request is unknown."""
        del explain
        self.close_connection = True
        error = {"codigo": "REQUISICAO_INVALIDA", "mensagem": f"Requisição HTTP inválida: {message or code}"}
        self.send(Answer.json(code, error))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the ledger records the calls."""

    def _read_body(self) -> bytes | None:
        """The body, or None where it was refused here."""
        if "transfer-encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "informe Content-Length")
            return None
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            self.send_error(HTTPStatus.BAD_REQUEST, "Content-Length inválido")
            return None
        if int(length) > _BODY_LIMIT:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "corpo grande demais")
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True  # the client left in the middle of its own request
            return None
        return body

    def _wire(self, answer: Answer) -> bytes:
        phrase = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "Desconhecido"
        media_type = f"{answer.media_type}; charset=utf-8" if "pdf" not in answer.media_type else answer.media_type
        head = [
            f"HTTP/1.1 {answer.status} {phrase}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {media_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
        ]
        if self.close_connection:
            head.append("Connection: close")
        body = b"" if getattr(self, "command", None) == "HEAD" else answer.body
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def _write(self, data: bytes) -> None:
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True


def _close_connection(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
