"""A TCP proxy that spoils connections between a client and a server, whatever they speak: HTTP, PostgreSQL, ...

The standard library alone; one thread, which ends with the proxy.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self, Unpack

from credit_protection.testing.faults.proxy_carrier import Carrier
from credit_protection.testing.faults.proxy_rules import Rule, Rules, Spoil, Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.testing.faults.proxy_rules import Often, Where


class FaultyProxy:
    """Listens on a port of this machine and passes bytes to and from a server, spoilt as its rules say.

    Use it as a context manager, or `start` and `stop` it. With no rules it passes everything on faithfully, half-closed
    connections included. Rules can be told at any moment, also for connections that are open.

    What the rules have in common:

    - `way` and `after`: the rule acts once so many bytes have passed that way; with 0, when the first byte comes, which
      is then not passed on. `reset(Way.REQUEST)` thus loses a request, `reset(Way.ANSWER)` an answer.
    - `when`: the rule acts on each request that contains these bytes, which is what picks one call out of a connection
      that is kept alive (`b"POST /v1/negativacoes"`, `b"COMMIT"`); bytes then count from there. Without it, the rule
      acts once on each connection, and bytes count from its beginning (or from when the rule was told).
    - `times`: it acts so often at most; None for always.
    - `probability`: it acts on that share of what it meets, drawn from the proxy's seed: the same ones in every run.

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
        self._carrier: Carrier | None = None

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        """Listen; on return, connections are accepted."""
        if self._carrier is not None:
            raise RuntimeError("already started")
        listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = listener.getsockname()[1]
        self._carrier = Carrier(self._upstream, self._rules, listener)
        return self

    def stop(self) -> None:
        """Refuse connections, reset those that are open, end the thread. What is held is lost."""
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.stop()

    def stop_listening(self) -> None:
        """Refuse connections from now on, as a server that is down; those that are open go on."""
        self._running.run(self._running.refuse_all())

    def listen_again(self) -> None:
        """Accept connections again, on the same port."""
        self._running.run(self._running.accept_again(self.host, self.port))

    def refuse(self, **often: Unpack[Often]) -> None:
        """Accept a connection and reset it at once.

        A client sees that while it connects, or when it first speaks; see `stop_listening` for one that is not even
        accepted.
        """
        self._rules.add(Rule(Spoil.REFUSE, **often))

    def reset(self, way: Way = Way.ANSWER, **where: Unpack[Where]) -> None:
        """Reset the connection (RST), towards both ends."""
        self._rules.add(Rule(Spoil.RESET, way, **where))

    def cut(self, way: Way = Way.ANSWER, **where: Unpack[Where]) -> None:
        """Close the connection politely, as a server that restarts; what was passed arrives."""
        self._rules.add(Rule(Spoil.CUT, way, **where))

    def stall(self, way: Way = Way.ANSWER, seconds: float | None = None, **where: Unpack[Where]) -> None:
        """Hold what goes that way, for so many seconds, or with None until `release`.

        A request that is held reaches the server even if its client has gone by then: it lands late.
        """
        self._rules.add(Rule(Spoil.STALL, way, seconds=seconds, **where))

    def drip(self, way: Way = Way.ANSWER, size: int = 1, interval: float = 0.05, **where: Unpack[Where]) -> None:
        """From there to the connection's end, let pass `size` bytes each `interval` seconds."""
        if size < 1:
            raise ValueError("a drip has at least one byte")
        self._rules.add(Rule(Spoil.DRIP, way, seconds=interval, size=size, **where))

    def delay(self, way: Way = Way.ANSWER, seconds: float = 0.1, **where: Unpack[Where]) -> None:
        """From there to the connection's end, let each piece that comes wait so many seconds."""
        self._rules.add(Rule(Spoil.DELAY, way, seconds=seconds, **where))

    def clear(self) -> None:
        """Behave well from now on, also on open connections. What is held stays held: see `release`."""
        self._rules.clear()

    def release(self) -> None:
        """Let go of all that is held now."""
        self._running.run(self._running.release())

    def counts(self) -> Mapping[str, int]:
        """How many `connections` came, how many bytes passed as `request` and as `answer`, how often each rule acted.

        A name that never counted gives 0.
        """
        return self._rules.counted()

    def wait_for(self, what: str, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until something was counted so often: `wait_for("stall")` until a connection is held.

        Raises:
            TimeoutError: it was not, in that many seconds.
        """
        self._rules.wait_for(what, count, timeout)

    @property
    def _running(self) -> Carrier:
        if self._carrier is None:
            raise RuntimeError("not started")
        return self._carrier

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
