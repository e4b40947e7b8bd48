"""Two ways to make the network between a gateway and its bureau fail. docs/faults.md explains both.

`ScriptedTransport` replaces the network inside the process. It sends nothing and waits for nothing, so that Hypothesis
can try thousands of scripts: use it to check what a gateway *reports* in each case.

`FaultyProxy` sits between two real sockets and resets, cuts, holds or slows the bytes. It knows no protocol: use it to
check what real time-outs, connection pools and drivers (HTTP, PostgreSQL) *do*.

A bureau that itself fails, with 429s, broken PDFs or refusals, is `testing.simulator`.

A scripted gateway::

    transport = ScriptedTransport(bureau, [lost_reply()], matching=lambda method, path: method == "DELETE")
    gateway = CreditoNaMedidaProvider(transport=transport).create(parameters, Environment.PRODUCTION)
    with pytest.raises(OutcomeUnknown):
        gateway.remove(order)
    assert transport.calls[-1].executed

The same over sockets::

    with FaultyProxy(host, port) as proxy:
        proxy.reset(Direction.RESPONSE, when=b"DELETE /v1/negativacoes", times=1)
        ...  # call proxy.url
"""

from __future__ import annotations

from credit_protection.testing.faults.proxy import FaultyProxy
from credit_protection.testing.faults.proxy_rules import Direction, ProxyFault
from credit_protection.testing.faults.script import (
    Effect,
    Fault,
    StubResponse,
    TransportFailure,
    delayed_effect,
    garbage,
    html,
    lost_reply,
    ok,
    rate_limited,
    refused,
    server_error,
    slow,
    trickle,
    unauthorized,
    unavailable,
)
from credit_protection.testing.faults.strategies import any_fault, scripts
from credit_protection.testing.faults.transport import RecordedCall, ScriptedTransport

__all__ = [
    "Direction",
    "Effect",
    "Fault",
    "FaultyProxy",
    "ProxyFault",
    "RecordedCall",
    "ScriptedTransport",
    "StubResponse",
    "TransportFailure",
    "any_fault",
    "delayed_effect",
    "garbage",
    "html",
    "lost_reply",
    "ok",
    "rate_limited",
    "refused",
    "scripts",
    "server_error",
    "slow",
    "trickle",
    "unauthorized",
    "unavailable",
]
