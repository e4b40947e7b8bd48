"""A connection belongs to one call at a time: no other call closes or reads it."""

import threading

import httpx
import pytest

from credit_protection.adapters.http import network
from credit_protection.adapters.http.calls import Deadline
from credit_protection.adapters.http.network import Connections, deadline_scope
from tests.adapters.http.raw_server import Servers


def _ok(connection: object, _: object) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # type: ignore[attr-defined]


@pytest.fixture
def connections() -> Connections:
    return Connections(httpx.create_ssl_context())


def count_open(connections: Connections) -> int:
    """How many idle connections are open."""
    return sum(len(each._pool.connections) for _, each in connections._idle)


def test_concurrent_calls_never_lose_their_connection(serve: Servers, connections: Connections) -> None:
    server = serve(_ok)
    lost: list[str] = []

    def call(client: httpx.Client) -> None:
        for _ in range(10):
            try:
                with deadline_scope(Deadline.after(10)):
                    client.post("/x")
            except httpx.HTTPError as error:
                lost.append(repr(error))

    with httpx.Client(transport=connections, base_url=server.url, timeout=10) as client:
        threads = [threading.Thread(target=call, args=(client,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lost == []
    assert len(server.requests) == 16 * 10


def test_consecutive_calls_use_one_connection(serve: Servers, connections: Connections) -> None:
    server = serve(_ok)
    with httpx.Client(transport=connections, base_url=server.url) as client, deadline_scope(Deadline.after(10)):
        for _ in range(5):
            assert client.get("/x").text == "ok"
        assert len(connections._idle) == 1


def test_concurrent_calls_have_a_connection_each(serve: Servers, connections: Connections) -> None:
    server = serve(_ok)
    with httpx.Client(transport=connections, base_url=server.url) as client, deadline_scope(Deadline.after(10)):
        with client.stream("GET", "/first") as first:
            assert client.get("/second").text == "ok"
            assert first.read() == b"ok"
        assert count_open(connections) == 2


def test_failed_call_releases_its_connection(serve: Servers, connections: Connections) -> None:
    server = serve(lambda connection, _: connection.close())
    with httpx.Client(transport=connections, base_url=server.url) as client, deadline_scope(Deadline.after(10)):
        for _ in range(3):
            with pytest.raises(httpx.HTTPError):
                client.get("/x")
        assert len(connections._idle) == 1


def test_idle_connections_are_closed_after_the_keepalive(
    serve: Servers, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(_ok)
    with httpx.Client(transport=connections, base_url=server.url) as client, deadline_scope(Deadline.after(10)):
        with client.stream("GET", "/first"), client.stream("GET", "/second"), client.stream("GET", "/third"):
            pass
        assert len(connections._idle) == 3
        monkeypatch.setattr(network, "KEEPALIVE_SECONDS", -1.0)
        client.get("/x")
        assert len(connections._idle) == 0


def test_close_leaves_a_call_its_connection_until_it_ends(serve: Servers, connections: Connections) -> None:
    server = serve(_ok)
    client = httpx.Client(transport=connections, base_url=server.url)
    with deadline_scope(Deadline.after(10)):
        request = client.build_request("GET", "/x")
        reply = client.send(request, stream=True)
        client.close()
        assert reply.read() == b"ok"
        reply.close()
    assert len(connections._idle) == 0
