from __future__ import annotations

import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.testing.simulator.bureau_client import BureauClient


def send_raw(url: str, request: bytes) -> bytes:
    """Send raw bytes; read until the connection closes."""
    target = urlsplit(url)
    with socket.create_connection((target.hostname, target.port), timeout=5) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def test_one_connection_serves_many_requests_quickly(client: BureauClient) -> None:
    client.login()
    began = time.monotonic()
    for _ in range(100):
        assert client.get("/v1/produtos").status == 200
    assert time.monotonic() - began < 2, "small answers are delayed"


def test_sixty_four_connections_are_served_at_once(simulator: BureauSimulator) -> None:
    simulator.set_options(latency=0.2)
    together = threading.Barrier(64, timeout=10)

    def ask(_: int) -> int:
        client = BureauClient(simulator.url)
        together.wait()
        try:
            return client.checked("GET", "/v1/produtos").status
        finally:
            client.close()

    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(ask, range(64))) == {401}
    assert time.monotonic() - began < 5, "they waited for each other"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"BAGUNCA\r\n\r\n", b"400"),
        (b"DANCE /v1/produtos HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"POST /v1/negativacoes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /v1/negativacoes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /v1/negativacoes HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
    ],
)
def test_invalid_http_is_refused_and_the_connection_closed(
    simulator: BureauSimulator, said: bytes, status: bytes
) -> None:
    head, _, body = send_raw(simulator.url, said).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in head
    assert b"Content-Type: application/json" in head
    assert body.startswith(b'{"codigo": "REQUISICAO_INVALIDA"')


def test_client_that_closes_early_does_no_harm(
    simulator: BureauSimulator, client: BureauClient, capfd: pytest.CaptureFixture[str]
) -> None:
    target = urlsplit(simulator.url)
    with socket.create_connection((target.hostname, target.port)) as connection:
        connection.sendall(b"POST /v1/negativacoes HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    simulator.add_fault("token", "latency", delay=0.05, times=1)
    with socket.create_connection((target.hostname, target.port)) as connection:
        connection.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    time.sleep(0.06)
    assert client.login().status == 200
    assert capfd.readouterr().err == ""


def test_stopped_simulator_refuses_connections_and_restarts_on_its_port() -> None:
    simulator = BureauSimulator(processing_seconds=0).start()
    url = simulator.url
    client = BureauClient(url)
    client.include()
    simulator.stop()
    with pytest.raises((http.client.HTTPException, OSError)):
        client.get("/v1/produtos")
    with pytest.raises(ConnectionRefusedError):
        BureauClient(url).login()
    with simulator:
        assert simulator.url == url
        assert client.include().code == "JA_EXISTE"
        client.close()


def test_simulator_with_a_taken_port_listens_on_none(simulator: BureauSimulator) -> None:
    half = BureauSimulator()
    half._files_port = simulator._files_port
    with pytest.raises(OSError, match="in use"):
        half.start()
    assert half._servers == []


def test_two_simulators_share_no_state(simulator: BureauSimulator, client: BureauClient) -> None:
    with BureauSimulator() as other:
        assert other.url != simulator.url
        client.include()
        assert other.counts()["records"] == 0
