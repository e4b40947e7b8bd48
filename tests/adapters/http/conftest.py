"""Loopback servers that are stopped at the end of a test."""

from collections.abc import Iterator

import pytest

from tests.adapters.http.raw_server import Handler, RawServer, Servers


@pytest.fixture
def serve() -> Iterator[Servers]:
    """Starts a server for a handler; stopped after the test."""
    started: list[RawServer] = []

    def start(handler: Handler) -> RawServer:
        started.append(RawServer(handler))
        return started[-1]

    yield start
    for server in started:
        server.stop()
