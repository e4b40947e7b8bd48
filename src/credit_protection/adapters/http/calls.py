"""A call to a bureau, its reply and its deadline: plain data, without the HTTP library's types."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from credit_protection.adapters.http.outcomes import Failure
from credit_protection.adapters.http.secret_forms import SHORTEST, hide, hide_bytes

_charset = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE).search
_CHARSETS = ("utf-8", "utf-16", "utf-32", "iso8859", "cp", "ascii", "mac")
"""Names of the codecs for text; others execute escapes."""
MAX_JSON_PARTS = 400_000
"""Of a body: a list of 20 MB of empty objects would take fifty times as much memory."""
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request, with a body as JSON, as a form, or as bytes: `content` is sent as it is. Its repr contains no secret.

    The path is quoted and below the base address, or an absolute address. A `safe` call executes nothing and may be
    repeated: reads and logins, never an inclusion, removal or query. A call that is `alone` has a connection of its
    own, which no other call used before or uses after it.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    safe: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A complete response: headers by name in lower case, body decompressed, the server's protocol if it sent one.

    `has_more` says that more bytes came after it on a connection of its own.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    request_id: str | None = None
    has_more: bool = False

    def without(self, secrets: Collection[str]) -> HttpReply:
        """The reply, the secrets overwritten wherever the server repeats them, in any encoding."""
        hidden = [secret for secret in secrets if len(secret) >= SHORTEST]
        return replace(
            self,
            headers=MappingProxyType({name: hide(value, hidden) for name, value in self.headers.items()}),
            content=hide_bytes(self.content, hidden),
            request_id=None if self.request_id is None else hide(self.request_id, hidden),
        )

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def texts(self) -> Iterator[str]:
        """The body's text in each charset that it may have, the likeliest first."""
        return texts(self.content, self.headers.get("content-type", ""))

    def parse_json(self) -> object:
        """The body as JSON; None where it is none in any of its charsets, or has more parts than any answer.

        Nor is it one where an object names a field twice: which value counts would be a guess.
        """
        if sum(map(self.content.count, (b",", b"[", b"{"))) > MAX_JSON_PARTS:
            return None
        for text in self.texts():
            with contextlib.suppress(ValueError, RecursionError):
                return json.loads(text, object_pairs_hook=_object)
        return None

    @property
    def media_type(self) -> str:
        """`application/json`: without parameters, lower case; empty without the header."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON. Raises `ValueError`: it names a field twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field comes twice")
    return found


def texts(content: bytes, content_type: str = "") -> Iterator[str]:
    """The text of a body in each charset that it may have: the declared one, then UTF-8, then Windows-1252.

    Charsets in which it can't be decoded are left out; the last one always gives a text.
    """
    declared = _charset(content_type)
    for charset in (declared[1] if declared else "", json.detect_encoding(content)):
        with contextlib.suppress(LookupError, ValueError):
            if codecs.lookup(charset).name.startswith(_CHARSETS):
                yield content.decode(charset).removeprefix(_BYTE_ORDER_MARK)
    yield content.decode("cp1252", "replace")


class CallFailed(Exception):
    """No complete reply was received; `cause` is the library's text, for the transcript.

    `status` is that of a reply whose body came, and can't be decoded.
    """

    def __init__(self, failure: Failure, cause: str = "", status: int | None = None) -> None:
        super().__init__(f"{failure.value}: {cause}")
        self.failure = failure
        self.cause = cause
        self.status = status


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant of the monotonic clock by which an operation, with all its calls, must end."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; zero once it has passed."""
        return max(0.0, self.at - time.monotonic())
