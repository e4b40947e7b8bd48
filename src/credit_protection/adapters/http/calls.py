"""A call to a bureau, its reply and its deadline: plain data, without the HTTP library's types."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from credit_protection.adapters.http.outcomes import Failure


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request, with a body as JSON or as a form. Its repr contains no secret.

    The path is quoted and below the base address, or an absolute address. A `safe` call executes nothing and may be
    repeated: reads and logins, never an inclusion, removal or query.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
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

    @property
    def media_type(self) -> str:
        """`application/json`: without parameters, lower case; empty without the header."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


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
