"""Two ways to make the network between a gateway and its bureau fail. docs/faults.md explains both, with examples.

`ScriptedTransport` replaces the network inside the process. It sends nothing and waits for nothing, so that Hypothesis
can try thousands of scripts: use it to check what a gateway *reports* in each case.

`FaultyProxy` sits between two real sockets and resets, cuts, holds or slows the bytes. It knows no protocol: use it to
check what real time-outs, connection pools and drivers (HTTP, PostgreSQL) *do*.

A bureau that itself fails, with 429s, broken PDFs or refusals, is `testing.simulator`.
"""

from __future__ import annotations

from credit_protection.testing.faults.proxied_connection import Direction, FrequencyOptions, ProxyFault, TriggerOptions
from credit_protection.testing.faults.proxy import FaultyProxy
from credit_protection.testing.faults.script import (
    Effect,
    Fault,
    StubResponse,
    TransportFailure,
    any_fault,
    delayed_effect,
    garbage,
    html,
    lost_reply,
    ok,
    rate_limited,
    refused,
    scripts,
    server_error,
    slow,
    trickle,
    unauthorized,
    unavailable,
)
from credit_protection.testing.faults.transport import Handler, Matching, RecordedCall, ScriptedTransport

__all__ = [
    "Direction",
    "Effect",
    "Fault",
    "FaultyProxy",
    "FrequencyOptions",
    "Handler",
    "Matching",
    "ProxyFault",
    "RecordedCall",
    "ScriptedTransport",
    "StubResponse",
    "TransportFailure",
    "TriggerOptions",
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
