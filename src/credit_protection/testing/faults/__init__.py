"""Faults as a product: two ways to make the network between a gateway and its bureau go wrong.

`ScriptedTransport` takes the network's place inside the process. Nothing is sent and nothing is waited for, so that
Hypothesis can try thousands of scripts: use it to check what a gateway *says* in each case. Effects can land late, when
the test says so.

`FaultyProxy` stands between two real sockets and resets, cuts, holds or drips what passes. It knows no protocol: use it
to check what real time-outs, connection pools and drivers (HTTP, PostgreSQL) *do*.

(A bureau that itself misbehaves, with 429s, broken PDFs or refusals of its own, is `testing.simulator`.)

A scripted gateway::

    transport = ScriptedTransport(bureau, [lost_reply()], matching=lambda method, path: method == "DELETE")
    gateway = CreditoNaMedida(transport=transport).open(parameters, Environment.PRODUCTION)
    with pytest.raises(OutcomeUnknown):
        gateway.remove(order)
    assert transport.calls[-1].executed

The same over sockets::

    with FaultyProxy(host, port) as proxy:
        proxy.reset(Way.ANSWER, when=b"DELETE /v1/negativacoes", times=1)
        ...  # speak to proxy.url

docs/faults.md tells more.
"""

from __future__ import annotations

from credit_protection.testing.faults.proxy import FaultyProxy
from credit_protection.testing.faults.proxy_rules import Spoil, Way
from credit_protection.testing.faults.script import (
    CannedReply,
    Effect,
    Fault,
    NoReply,
    drip,
    garbage,
    html,
    lands_late,
    lost_reply,
    ok,
    rate_limited,
    refused,
    server_error,
    slow,
    unauthorized,
    unavailable,
)
from credit_protection.testing.faults.strategies import any_fault, scripts
from credit_protection.testing.faults.transport import PlayedCall, ScriptedTransport

__all__ = [
    "CannedReply",
    "Effect",
    "Fault",
    "FaultyProxy",
    "NoReply",
    "PlayedCall",
    "ScriptedTransport",
    "Spoil",
    "Way",
    "any_fault",
    "drip",
    "garbage",
    "html",
    "lands_late",
    "lost_reply",
    "ok",
    "rate_limited",
    "refused",
    "scripts",
    "server_error",
    "slow",
    "unauthorized",
    "unavailable",
]
