"""A minimal bureau for benchmarks: a process of its own that answers the declared contract.

It answers the token and the removal (`DELETE`) with `situacao` EXCLUSAO, so that one call finishes one removal, after
a given latency and on any number of connections. `GET /received` returns how many removals came, when the last one
came, and how many ran concurrently.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = b'{"access_token":"local_server","token_type":"Bearer","expires_in":86400}'
_END_OF_HEAD = b"\r\n\r\n"


@contextmanager
def local_server(latency: float = 0.0) -> Iterator[str]:
    """A server that runs during the block; yields its base address.

    Args:
        latency: seconds from a removal's receipt to its answer.
    """
    command = [sys.executable, "-m", "benchmarks.local_server", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


# ------------------------------------------------------------------------------------------------ in its own process


@dataclass
class _Received:
    """What the server received."""

    latency: float
    removals: int = 0
    at_once: int = 0
    most_at_once: int = 0
    last_at: float = 0.0


class _Connection(asyncio.Protocol):
    """One connection: request, answer, next request."""

    def __init__(self, ledger: _Received) -> None:
        self._ledger = ledger
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        self._buffer += data
        while (end := self._buffer.find(_END_OF_HEAD)) >= 0:
            head = self._buffer[:end]
            whole = end + len(_END_OF_HEAD) + _content_length(head)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        ledger = self._ledger
        if method == b"DELETE":
            ledger.removals += 1
            ledger.last_at = time.time()
            ledger.at_once += 1
            ledger.most_at_once = max(ledger.most_at_once, ledger.at_once)
            body = _removed(target.partition(b"?")[0].rpartition(b"/")[2])
            if ledger.latency:
                asyncio.get_running_loop().call_later(ledger.latency, self._end_removal, body)
            else:
                self._end_removal(body)
        elif method == b"POST":
            self._reply(TOKEN)
        else:
            self._reply(json.dumps(vars(ledger)).encode())

    def _end_removal(self, body: bytes) -> None:
        self._ledger.at_once -= 1
        self._reply(body)

    def _reply(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _removed(record_id: bytes) -> bytes:
    return (
        b'{"id":"%s","documento":"90010020055","contrato":"CP%s","vencimento":"2026-08-10","valor":"119.90",'
        b'"operacao":"EXCLUSAO","situacao":"EXCLUSAO","atualizado_em":"2026-11-24T12:00:00+00:00"}'
    ) % (record_id, record_id)


async def _serve(latency: float) -> None:
    ledger = _Received(latency)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(ledger), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    asyncio.run(_serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
