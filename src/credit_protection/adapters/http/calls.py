"""A call to a bureau, its reply and its deadline: plain data, without the HTTP library's types."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from credit_protection.adapters.http.outcomes import Failure

_charset = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE).search
_CHARSETS = ("utf-8", "utf-16", "utf-32", "iso8859", "cp", "ascii", "mac")
"""Names of the codecs for text; others execute escapes."""
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request, with a body as JSON, as a form, or as bytes: `content` is sent as it is. Its repr contains no secret.

    The path is quoted and below the base address, or an absolute address. A `safe` call executes nothing and may be
    repeated: reads and logins, never an inclusion, removal or query.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    safe: bool = False


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A complete response: headers by name in lower case, body decompressed, the server's protocol if it sent one."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    request_id: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def texts(self) -> Iterator[str]:
        """The body's text in each charset that it may have, the likeliest first."""
        return texts(self.content, self.headers.get("content-type", ""))

    def parse_json(self) -> object:
        """The body as JSON; None where it is none in any of its charsets."""
        for text in self.texts():
            with contextlib.suppress(ValueError, RecursionError):
                return json.loads(text)
        return None

    @property
    def media_type(self) -> str:
        """`application/json`: without parameters, lower case; empty without the header."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


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
    """No complete reply was received; `cause` is the library's text, for the transcript."""

    def __init__(self, failure: Failure, cause: str = "") -> None:
        super().__init__(f"{failure.value}: {cause}")
        self.failure = failure
        self.cause = cause


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
