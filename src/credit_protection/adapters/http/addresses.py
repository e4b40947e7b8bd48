"""Addresses, parsed once and strictly: two parsers must never find two hosts in one text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_MAX_LENGTH = 8192
_MAX_HOST = 253
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_address = re.compile(
    r"((?i:https?))://(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::([0-9]{1,5}))?((?:/[!$&-;=@A-Z_a-z~%]*)?)((?:\?[!$&-;=?@A-Z_a-z~%/\[\]{}|]*)?)"
).fullmatch
_label = re.compile(r"[0-9a-z_](?:[0-9a-z_-]{0,61}[0-9a-z_])?").fullmatch
_number = re.compile(r"[0-9]+|0x[0-9a-f]*").fullmatch


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute address: http or https in lower case, a host name or an IP address in its usual form, no user."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: a secret is sent to one origin only."""
        return self.scheme, self.host, self.port

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine."""
        return self.host == "localhost" or ((ip := _ip(self.host)) is not None and ip.is_loopback)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}{self.query}"


def parse_address(text: str) -> Address | None:
    """Parse an absolute address; None where it is none, or where parsers differ about it.

    Those are users and passwords, backslashes, blanks, fragments, and hosts such as `127.1`, `0x7f.1`
    or `a..b`. Hosts that no bureau has (unspecified, link-local or multicast addresses) are none either.
    """
    found = _address(text) if len(text) <= _MAX_LENGTH else None
    if found is None:
        return None
    scheme, host, port, path, query = found.groups()
    scheme = scheme.lower()
    number = int(port) if port else _DEFAULT_PORTS[scheme]
    name = host.strip("[]").lower()
    if not 0 < number <= _MAX_PORT or not (_is_usable_ip(name) if host[0] == "[" else _is_usable_host(name)):
        return None
    if host[0] == "[":
        name = str(ip_address(name))
    return Address(scheme, name, number, path, query)


def _is_usable_host(name: str) -> bool:
    labels = name.split(".")
    if _number(labels[-1]):
        return _is_usable_ip(name)
    return len(name) <= _MAX_HOST and all(map(_label, labels))


def _is_usable_ip(text: str) -> bool:
    ip = _ip(text)
    if ip is None:
        return False
    inner = (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
    return not (inner.is_unspecified or inner.is_link_local or inner.is_multicast)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
