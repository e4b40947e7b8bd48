"""One call over real sockets: its total deadline, its limits, and broken connections."""

import gzip
import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from credit_protection.adapters.http.calls import CallFailed, Deadline, HttpCall
from credit_protection.adapters.http.client import HttpClient
from credit_protection.adapters.http.outcomes import Failure
from tests.adapters.http.raw_server import Handler, Servers

GET = HttpCall("GET", "/x")
POST = HttpCall("POST", "/x", json={"a": 1})


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def sending(*chunks: bytes) -> Handler:
    def handle(connection: socket.socket, _: bytes) -> None:
        for chunk in chunks:
            connection.sendall(chunk)

    return handle


def cutting(*chunks: bytes) -> Handler:
    def handle(connection: socket.socket, _: bytes) -> None:
        for chunk in chunks:
            connection.sendall(chunk)
        connection.shutdown(socket.SHUT_RDWR)

    return handle


def one_after_another(*handlers: Handler) -> Handler:
    remaining = iter(handlers)

    def handle(connection: socket.socket, request: bytes) -> None:
        next(remaining)(connection, request)

    return handle


def trickling(data: bytes, interval: float = 0.05) -> Handler:
    def handle(connection: socket.socket, _: bytes) -> None:
        for byte in data:
            connection.sendall(bytes((byte,)))
            time.sleep(interval)

    return handle


def failure_of(client: HttpClient, call: HttpCall = POST, seconds: float = 5.0) -> Failure:
    with pytest.raises(CallFailed) as caught:
        client.send(call, Deadline.after(seconds))
    return caught.value.failure


def test_reply_is_plain_data(serve: Servers) -> None:
    server = serve(
        sending(answer(b"ok", "201 Created", "Content-Type: Text/Plain; charset=utf-8", "X-Request-Id: R-1"))
    )
    with HttpClient(f"{server.url}/v1/") as client:
        reply = client.send(HttpCall("POST", "/x", query={"q": "a b"}, json={"n": "é"}), Deadline.after(5))
    assert (reply.status, reply.content, reply.request_id, reply.media_type) == (201, b"ok", "R-1", "text/plain")
    request = server.requests[0]
    assert request.startswith((b"POST /v1/x?q=a+b HTTP/1.1\r\n", b"POST /v1/x?q=a%20b HTTP/1.1\r\n"))
    assert json.loads(request.partition(b"\r\n\r\n")[2]) == {"n": "é"}


def test_body_of_bytes_is_sent_as_it_is(serve: Servers) -> None:
    server = serve(sending(answer(b"<ok/>")))
    body = '<?xml version="1.0"?><consulta cpf="segredo">é</consulta>'.encode("latin-1")
    call = HttpCall("POST", "/soap", headers={"Content-Type": "text/xml; charset=iso-8859-1"}, content=body)
    with HttpClient(server.url) as client:
        assert client.send(call, Deadline.after(5)).content == b"<ok/>"
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    headers = head.lower().split(b"\r\n")
    assert b"content-type: text/xml; charset=iso-8859-1" in headers
    assert f"content-length: {len(body)}".encode() in headers
    assert "segredo" not in repr(call)


@pytest.mark.parametrize(
    "data",
    [answer(b"x" * 200), answer(b"", "200 OK", "X-Long: " + "y" * 200), b"HTTP/1.1 100 Continue\r\n\r\n" * 50],
    ids=["in the body", "in the headers", "in endless interim answers"],
)
def test_trickling_server_is_cut_off_at_the_total_deadline(serve: Servers, data: bytes) -> None:
    server = serve(trickling(data))
    with HttpClient(server.url) as client:
        start = time.monotonic()
        assert failure_of(client, seconds=0.4) is Failure.READ_TIMEOUT
        assert 0.35 < time.monotonic() - start < 0.7


def test_silent_server_is_cut_off_at_the_deadline(serve: Servers) -> None:
    with HttpClient(serve(sending()).url) as client:
        assert failure_of(client, seconds=0.2) is Failure.READ_TIMEOUT


def test_next_call_works_after_a_call_was_cut_off(serve: Servers) -> None:
    replies = (trickling(answer(b"x" * 200)), sending(answer(b"two")))
    server = serve(one_after_another(*replies))
    with HttpClient(server.url, connections=1) as client:
        assert failure_of(client, seconds=0.2) is Failure.READ_TIMEOUT
        assert client.send(GET, Deadline.after(5)).content == b"two"
    assert server.connections == 2


def test_nothing_is_sent_after_the_deadline(serve: Servers) -> None:
    server = serve(sending(answer(b"")))
    with HttpClient(server.url) as client:
        assert failure_of(client, seconds=0) is Failure.NO_TIME_LEFT
    assert server.connections == 0


def test_closed_client_sends_nothing(serve: Servers) -> None:
    client = HttpClient(serve(sending(answer(b""))).url)
    client.close()
    assert failure_of(client) is Failure.CLOSED


def test_no_connection_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with HttpClient(f"http://127.0.0.1:{port}") as client:
        assert failure_of(client) is Failure.CONNECT


def test_invalid_address_means_not_sent() -> None:
    with HttpClient("http://127.0.0.1") as client:
        assert failure_of(client, HttpCall("GET", "http://127.0.0.1:port/x")) is Failure.ADDRESS
        assert failure_of(client, HttpCall("GET", "ftp://127.0.0.1/x")) is Failure.ADDRESS


def test_full_pool_means_not_sent(serve: Servers) -> None:
    server = serve(sending())
    with HttpClient(server.url, connections=1) as client:
        first = threading.Thread(target=lambda: failure_of(client, seconds=1.0))
        first.start()
        while not server.requests:
            time.sleep(0.01)
        assert failure_of(client, seconds=0.4) is Failure.POOL_TIMEOUT
        assert len(server.requests) == 1
        first.join()


def test_connection_cut_before_an_answer_is_a_disconnect(serve: Servers) -> None:
    server = serve(cutting())
    with HttpClient(server.url) as client:
        assert failure_of(client) is Failure.DISCONNECT
    assert len(server.requests) == 1


def test_connection_reset_is_a_disconnect(serve: Servers) -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    with HttpClient(serve(reset).url) as client:
        assert failure_of(client) is Failure.DISCONNECT


def test_cut_of_a_reused_connection_is_a_disconnect_and_nothing_is_sent_again(serve: Servers) -> None:
    replies = (sending(answer(b"one")), cutting())
    server = serve(one_after_another(*replies))
    with HttpClient(server.url) as client:
        assert client.send(POST, Deadline.after(5)).content == b"one"
        assert failure_of(client) is Failure.DISCONNECT
    assert (server.connections, len(server.requests)) == (1, 2)


def test_connection_closed_while_idle_is_replaced_before_sending(serve: Servers) -> None:
    replies = (cutting(answer(b"one")), sending(answer(b"two")))
    server = serve(one_after_another(*replies))
    with HttpClient(server.url) as client:
        assert client.send(POST, Deadline.after(5)).content == b"one"
        time.sleep(0.1)
        assert client.send(POST, Deadline.after(5)).content == b"two"
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize(
    ("chunks", "failure"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",), Failure.DISCONNECT),
        ((b"\x00\xffnot HTTP at all\r\n\r\n",), Failure.UNREADABLE),
        ((b"HTTP/1.1 2xx OK\r\n\r\n",), Failure.UNREADABLE),
        ((answer(b"x", "200 OK", "Content-Encoding: br"),), Failure.UNREADABLE),
        ((answer(b"no gzip", "200 OK", "Content-Encoding: gzip"),), Failure.UNREADABLE),
        ((answer(gzip.compress(b"x" * 99)[:-9], "200 OK", "Content-Encoding: gzip"),), Failure.UNREADABLE),
        ((answer(b"x" * 1001),), Failure.TOO_LARGE),
        ((answer(gzip.compress(b"x" * 1_000_000), "200 OK", "Content-Encoding: gzip"),), Failure.TOO_LARGE),
    ],
)
def test_unreadable_answer_is_a_failure(serve: Servers, chunks: tuple[bytes, ...], failure: Failure) -> None:
    with HttpClient(serve(cutting(*chunks)).url, max_reply_bytes=1000) as client:
        assert failure_of(client) is failure


@pytest.mark.parametrize(
    ("chunk", "status"),
    [
        (answer(b"x", "200 OK", "Content-Encoding: br"), 200),
        (answer(b"no gzip", "422 No", "Content-Encoding: gzip"), 422),
        (answer(gzip.compress(b"x" * 99)[:-9], "500 No", "Content-Encoding: gzip"), 500),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", None),
    ],
    ids=["unknown-encoding", "no-gzip", "cut-gzip", "cut-body"],  # gzip's bytes name the second in which they were made
)
def test_status_of_a_body_that_cannot_be_decoded_is_known(serve: Servers, chunk: bytes, status: int | None) -> None:
    with HttpClient(serve(cutting(chunk)).url) as client, pytest.raises(CallFailed) as caught:
        client.send(POST, Deadline.after(5))
    assert caught.value.status == status


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_unrequested_compression_is_undone(serve: Servers, compress: Callable[[bytes], bytes]) -> None:
    encoding = "gzip" if compress is gzip.compress else "deflate"
    server = serve(sending(answer(compress(b"x" * 900), "200 OK", f"Content-Encoding: {encoding}")))
    with HttpClient(server.url, max_reply_bytes=1000) as client:
        assert client.send(GET, Deadline.after(5)).content == b"x" * 900
    assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("head", [b"401 No", b"429 Slow", b"403 No", b"503 No\r\nRetry-After: 5"])
def test_status_that_means_not_executed_counts_even_if_its_body_is_lost(serve: Servers, head: bytes) -> None:
    with HttpClient(serve(cutting(b"HTTP/1.1 " + head + b"\r\nContent-Length: 99\r\n\r\nhalf")).url) as client:
        reply = client.send(POST, Deadline.after(5))
    assert (reply.status, reply.content) == (int(head[:3]), b"")


@pytest.mark.parametrize("head", [b"422 No", b"500 No", b"503 No"])
def test_any_other_status_without_its_body_is_a_failure(serve: Servers, head: bytes) -> None:
    with HttpClient(serve(cutting(b"HTTP/1.1 " + head + b"\r\nContent-Length: 99\r\n\r\nhalf")).url) as client:
        assert failure_of(client) is Failure.DISCONNECT


def test_redirects_are_not_followed_and_cookies_not_kept(serve: Servers) -> None:
    server = serve(sending(answer(b"", "302 Found", "Location: /elsewhere", "Set-Cookie: session=secret")))
    with HttpClient(server.url) as client:
        assert client.send(GET, Deadline.after(5)).status == 302
        assert client.send(GET, Deadline.after(5)).status == 302
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def test_header_of_a_call_replaces_the_clients_in_any_letter_case(serve: Servers) -> None:
    server = serve(sending(answer(b"{}")))
    with HttpClient(server.url) as client:
        client.send(HttpCall("GET", "/x", headers={"Accept": "application/pdf"}), Deadline.after(5))
    head = server.requests[0].lower()
    assert head.count(b"\r\naccept:") == 1
    assert b"accept: application/pdf" in head


def test_request_id_comes_from_the_first_header_present(serve: Servers) -> None:
    server = serve(sending(answer(b"", "200 OK", "X-Protocolo: P 1", "X-Request-Id: R-2")))
    with HttpClient(server.url, request_id_headers=("x-protocolo", "x-request-id")) as client:
        assert client.send(GET, Deadline.after(5)).request_id == "R-2"


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("/x", True),
        ("https://api.example:443/x", True),
        ("HTTPS://API.example/x", True),
        ("https://api.example:444/x", False),
        ("http://api.example/x", False),
        ("https://api.example.evil/x", False),
        ("https://api.example@evil/x", False),
    ],
)
def test_same_origin_compares_scheme_host_and_port(address: str, own: bool) -> None:
    with HttpClient("https://api.example/v1") as client:
        assert client.is_same_origin(address) is own


def test_proxy_of_the_environment_is_used_unless_bypassed(serve: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(sending(answer(b"by proxy")))
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HttpClient("http://bureau.invalid") as client:
        assert client.send(GET, Deadline.after(5)).content == b"by proxy"
    assert server.requests[0].startswith(b"GET http://bureau.invalid/x HTTP/1.1")
    with HttpClient(server.url) as client:
        client.send(GET, Deadline.after(5))
    assert server.requests[1].startswith(b"GET /x HTTP/1.1")


def test_proxy_refusal_means_not_sent(serve: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(sending(answer(b"", "407 Proxy Authentication Required")))
    monkeypatch.setenv("https_proxy", server.url)
    with HttpClient("https://bureau.invalid") as client:
        assert failure_of(client) is Failure.PROXY


def test_unresolvable_name_means_not_sent() -> None:
    with HttpClient("http://name-that-is-not-there.invalid") as client:
        assert failure_of(client) is Failure.CONNECT


def test_untrusted_certificate_means_not_sent(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)

        greeter = threading.Thread(target=greet)
        greeter.start()
        with HttpClient(f"https://127.0.0.1:{listener.getsockname()[1]}") as client:
            assert failure_of(client) is Failure.TLS
        greeter.join()


def test_server_without_tls_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def mumble() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=mumble, daemon=True).start()
        with HttpClient(f"https://127.0.0.1:{listener.getsockname()[1]}") as client:
            assert failure_of(client) is Failure.TLS


def test_hanging_handshake_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with HttpClient(url) as client:
            assert failure_of(client, seconds=0.2) is Failure.CONNECT_TIMEOUT


def test_thirty_two_threads_share_a_client(serve: Servers) -> None:
    server = serve(lambda connection, request: connection.sendall(answer(request.partition(b"\r\n\r\n")[2])))
    with HttpClient(server.url, connections=8) as client:
        got: dict[int, bytes] = {}

        def call(number: int) -> None:
            for _ in range(5):
                got[number] = client.send(HttpCall("POST", "/x", json={"number": number}), Deadline.after(5)).content

        threads = [threading.Thread(target=call, args=(number,)) for number in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [json.loads(got[number]) for number in range(32)] == [{"number": number} for number in range(32)]
    assert len(server.requests) == 32 * 5


def test_plain_modules_do_not_import_httpx() -> None:
    code = "import credit_protection.adapters.http.calls, credit_protection.adapters.http.outcomes, sys; "
    code += "import credit_protection.adapters.http.transcripts; print('httpx' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "False"


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
