"""A call to a bureau, its reply, and the time that it may take: plain data, without the HTTP library's types."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_protection.adapters.http.outcomes import Failure


@dataclass(frozen=True, slots=True)
class HttpCall:
    """What is sent. Its repr holds nothing that may be secret.

    Args:
        method: `GET`, `POST`, ...
        path: below the base address and already quoted, or an absolute address.
        query: parameters of the address.
        headers: besides those that the client and the session add.
        json: body, sent as JSON; None for none.
        form: body, sent as a form; None for none.
        content: body, sent as it is; None for none.
        safe: nothing is executed by it, so a lost answer may be asked for again: reads and logins, never an inclusion,
            a removal or a query.
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
    """What came back.

    Args:
        status: of HTTP.
        headers: by name in lower case.
        content: the body, decoded from its transfer form, whole.
        request_id: the server's protocol or request id, where it names one.
    """

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
        """`application/json`: without parameters, lower case; empty where not told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class CallFailed(Exception):
    """No reply came.

    Args:
        failure: what happened, in the words of the outcome table.
        cause: the library's own words, for the transcript.
    """

    def __init__(self, failure: Failure, cause: str = "") -> None:
        super().__init__(f"{failure.value}: {cause}")
        self.failure = failure
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock at which a call, with all that belongs to it, must be over."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left; zero once it is over."""
        return max(0.0, self.at - time.monotonic())
