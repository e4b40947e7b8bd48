"""HTTP for gateways, and the only package that imports httpx: no type of that library leaves it.

A gateway imports these names from here. They load on first use, so importing a gateway does not load httpx. Read the
modules in this order: `calls`, `outcomes`, `network`, `client`, `retries`, `auth`, `session`, `transcripts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_protection._lazy import lazy_names

if TYPE_CHECKING:
    from credit_protection.adapters.http.auth import ClientCredentials, CredentialsForm
    from credit_protection.adapters.http.calls import Deadline, HttpCall, HttpReply
    from credit_protection.adapters.http.client import Transport
    from credit_protection.adapters.http.session import BureauSession
    from credit_protection.adapters.http.transcripts import mask

__all__ = [
    "BureauSession",
    "ClientCredentials",
    "CredentialsForm",
    "Deadline",
    "HttpCall",
    "HttpReply",
    "Transport",
    "mask",
]

__getattr__ = lazy_names(
    __name__,
    {
        "adapters.http.auth": "ClientCredentials CredentialsForm",
        "adapters.http.calls": "Deadline HttpCall HttpReply",
        "adapters.http.client": "Transport",
        "adapters.http.session": "BureauSession",
        "adapters.http.transcripts": "mask",
    },
)
