"""A stream belongs to the call that writes to it: nobody closes it under that call."""

import threading
from collections.abc import Callable

import httpcore
import httpx
import pytest

from credit_protection.adapters.http.calls import Deadline
from credit_protection.adapters.http.network import DeadlineTransport, _DeadlineStream, under
from tests.adapters.http.raw_server import Servers


class Line(httpcore.NetworkStream):
    """A stream that remembers what was done to it."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del max_bytes, timeout
        return b"answer"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self.written += buffer

    def close(self) -> None:
        self.closed += 1

    def get_extra_info(self, info: str) -> object:
        return info == "is_readable"


def elsewhere(act: Callable[[], object]) -> None:
    """Do it in another thread, within another call."""

    def run() -> None:
        with under(Deadline.after(5)):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_another_call_s_close_waits_for_the_call_that_uses_the_stream() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    with under(Deadline.after(5)):
        stream.write(b"request")
        elsewhere(stream.close)
        assert line.closed == 0
        assert stream.read(10) == b"answer"
    assert line.closed == 1


def test_a_close_from_outside_any_call_waits_as_well() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    with under(Deadline.after(5)):
        stream.write(b"request")
        closer = threading.Thread(target=stream.close)
        closer.start()
        closer.join()
        assert line.closed == 0
    assert line.closed == 1


def test_the_call_itself_closes_at_once() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    with under(Deadline.after(5)):
        stream.write(b"request")
        stream.close()
        assert line.closed == 1
    assert line.closed == 2  # again when it is let go, which closes nothing


def test_an_idle_stream_is_closed_at_once_by_whoever_wants_to() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    with under(Deadline.after(5)):
        stream.write(b"request")
    elsewhere(stream.close)
    assert line.closed == 1


def test_a_stream_that_was_closed_before_the_first_byte_sends_the_call_to_another() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    elsewhere(stream.close)
    with under(Deadline.after(5)), pytest.raises(httpcore.ConnectionNotAvailable):
        stream.write(b"request")
    assert line.written == b""


def test_only_an_idle_stream_or_one_s_own_is_told_to_be_readable() -> None:
    stream = _DeadlineStream(Line())
    told: list[object] = []
    with under(Deadline.after(5)):
        assert stream.get_extra_info("is_readable") is True
        stream.write(b"request")
        assert stream.get_extra_info("is_readable") is True
        elsewhere(lambda: told.append(stream.get_extra_info("is_readable")))
    elsewhere(lambda: told.append(stream.get_extra_info("is_readable")))
    assert told == [False, True]


def test_a_stream_that_went_to_the_next_call_is_that_one_s() -> None:
    line = Line()
    stream = _DeadlineStream(line)
    with under(Deadline.after(5)):
        stream.write(b"first")
        with under(Deadline.after(5)):
            stream.write(b"second")
            elsewhere(stream.close)
            assert line.closed == 0
        assert line.closed == 1


def test_no_call_of_many_threads_loses_its_connection_to_another(serve: Servers) -> None:
    server = serve(lambda line, _: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    lost: list[str] = []

    def call(client: httpx.Client) -> None:
        for _ in range(10):
            try:
                with under(Deadline.after(10)):
                    client.post("/x")
            except httpx.HTTPError as failed:
                lost.append(repr(failed))

    transport = DeadlineTransport(httpx.create_ssl_context(), connections=4)
    with httpx.Client(transport=transport, base_url=server.url, timeout=10) as client:
        threads = [threading.Thread(target=call, args=(client,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lost == []
    assert len(server.requests) == 16 * 10
