"""The smallest bureau that a benchmark can call: a process of its own that answers the declared contract.

It knows the token and the removal (`DELETE`), which it answers with `situacao` EXCLUSAO, so that one call finishes one
removal; after a given latency, on as many connections as come. `GET /received` tells how many removals came in, when
the last one did, and how many there were at once.
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

TOKEN = b'{"access_token":"loopback","token_type":"Bearer","expires_in":86400}'
_END_OF_HEAD = b"\r\n\r\n"


@contextmanager
def loopback(latency: float = 0.0) -> Iterator[str]:
    """A server for the length of a block; gives its base address.

    Args:
        latency: seconds from a removal's receipt to its answer.
    """
    command = [sys.executable, "-m", "benchmarks.loopback", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


# ------------------------------------------------------------------------------------------------ in its own process


@dataclass
class _Ledger:
    """What came in."""

    latency: float
    removals: int = 0
    at_once: int = 0
    most_at_once: int = 0
    last_at: float = 0.0


class _Conversation(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, ledger: _Ledger) -> None:
        self._ledger = ledger
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the line."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._heard += data
        while (end := self._heard.find(_END_OF_HEAD)) >= 0:
            head = self._heard[:end]
            whole = end + len(_END_OF_HEAD) + _length(head)
            if len(self._heard) < whole:
                return
            self._heard = self._heard[whole:]
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
            self._say(TOKEN)
        else:
            self._say(json.dumps(vars(ledger)).encode())

    def _end_removal(self, body: bytes) -> None:
        self._ledger.at_once -= 1
        self._say(body)

    def _say(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


def _length(head: bytes) -> int:
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
    ledger = _Ledger(latency)
    server = await asyncio.get_running_loop().create_server(lambda: _Conversation(ledger), "127.0.0.1", 0, backlog=512)
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
