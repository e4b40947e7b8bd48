"""A TCP proxy that disturbs connections between a client and a server of any protocol: HTTP, PostgreSQL, ..."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Self, Unpack

from credit_protection.testing.faults.proxy_rules import (
    Direction,
    FrequencyOptions,
    ProxyFault,
    Rule,
    Rules,
    TriggerOptions,
)
from credit_protection.testing.faults.proxy_server import ProxyServer


class FaultyProxy:
    """Listens on a local port, forwards bytes to and from a server, and disturbs them by rules.

    Use it as a context manager, or call `start` and `stop`. Without rules it forwards everything unchanged, half-closed
    connections included. Rules can be added at any time, also for open connections.

    Parameters of the rules:

    - `direction` and `after`: the rule acts after so many bytes of that direction. With 0 it acts at the first byte,
      which is not forwarded: `reset(Direction.REQUEST)` loses a request, `reset(Direction.RESPONSE)` an answer.
    - `when`: the rule acts on each request that contains these bytes (`b"POST /v1/negativacoes"`, `b"COMMIT"`), and
      bytes count from there: so it selects one call of a kept-alive connection. Without it, the rule acts once on each
      connection, and bytes count from its beginning or from the moment the rule was added.
    - `times`: the most times that it acts; None for always.
    - `probability`: the share of its matches on which it acts, drawn from the proxy's seed: the same in every run.

    Args:
        upstream_host: of the server; or the path of its Unix socket, beginning with a slash.
        upstream_port: of the server.
        host: to listen on.
        port: to listen on; 0 for any free one.
        seed: of the probabilities.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int = 0, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self.host, self.port = host, port
        self._upstream = upstream_host if upstream_host.startswith("/") else (upstream_host, upstream_port)
        self._rules = Rules(seed)
        self._server: ProxyServer | None = None

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen; on return the proxy accepts connections."""
        if self._server is not None:
            raise RuntimeError("already started")
        listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._server = ProxyServer(self._upstream, self._rules, listener)
        return self

    def stop(self) -> None:
        """Refuse connections, reset open ones, and end the thread. Held bytes are lost."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def stop_listening(self) -> None:
        """Refuse new connections, as a server that is down; open ones continue."""
        self._running.run(self._running.refuse_all())

    def listen_again(self) -> None:
        """Accept connections again, on the same port."""
        self._running.run(self._running.accept_again(self.host, self.port))

    def refuse(self, **often: Unpack[FrequencyOptions]) -> None:
        """Accept a connection and reset it at once. `stop_listening` does not even accept it."""
        self._rules.add(Rule(ProxyFault.REFUSE, **often))

    def reset(self, direction: Direction = Direction.RESPONSE, **where: Unpack[TriggerOptions]) -> None:
        """Reset the connection (RST), towards both ends."""
        self._rules.add(Rule(ProxyFault.RESET, direction, **where))

    def cut(self, direction: Direction = Direction.RESPONSE, **where: Unpack[TriggerOptions]) -> None:
        """Close the connection in order (FIN), as a server that restarts; forwarded bytes arrive."""
        self._rules.add(Rule(ProxyFault.CUT, direction, **where))

    def hold(
        self, direction: Direction = Direction.RESPONSE, seconds: float | None = None, **where: Unpack[TriggerOptions]
    ) -> None:
        """Hold the bytes of that direction for so many seconds, or with None until `release`.

        A held request reaches the server even if its client has closed: it takes effect late.
        """
        self._rules.add(Rule(ProxyFault.HOLD, direction, seconds=seconds, **where))

    def trickle(
        self,
        direction: Direction = Direction.RESPONSE,
        size: int = 1,
        interval: float = 0.05,
        **where: Unpack[TriggerOptions],
    ) -> None:
        """From there to the connection's end, forward `size` bytes each `interval` seconds."""
        if size < 1:
            raise ValueError("size is at least one byte")
        self._rules.add(Rule(ProxyFault.TRICKLE, direction, seconds=interval, size=size, **where))

    def delay(
        self, direction: Direction = Direction.RESPONSE, seconds: float = 0.1, **where: Unpack[TriggerOptions]
    ) -> None:
        """From there to the connection's end, delay each chunk by so many seconds."""
        self._rules.add(Rule(ProxyFault.DELAY, direction, seconds=seconds, **where))

    def clear(self) -> None:
        """Remove all rules, also for open connections. Held bytes stay held: see `release`."""
        self._rules.clear()

    def release(self) -> None:
        """Forward all held bytes."""
        self._running.run(self._running.release())

    def counts(self) -> Mapping[str, int]:
        """The number of `connections`, of bytes by direction (`request`, `response`), and of each rule's actions."""
        return self._rules.counts()

    def wait_for(self, event: str, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until a count is reached: `wait_for("hold")` until a connection is held.

        Raises:
            TimeoutError: it was not reached in so many seconds.
        """
        self._rules.wait_for(event, count, timeout)

    @property
    def _running(self) -> ProxyServer:
        if self._server is None:
            raise RuntimeError("not started")
        return self._server

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
