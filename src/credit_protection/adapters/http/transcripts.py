"""Transcripts of calls, for quarantine and support: without secrets, tokens or whole documents.

Over-masking is intended: any eleven digits in a row may be a CPF.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from urllib.parse import unquote

from credit_protection.adapters.http.calls import HttpCall, HttpReply
from credit_protection.domain.documents import Cnpj
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.parsing import compact_document
from credit_protection.domain.queries import has_pdf_header

BODY_LIMIT = 4096
HIDDEN = "[oculto]"
DOCUMENT = "[documento]"
SUPPRESSED = "[transcrição suprimida: continha um segredo que não se pôde ocultar]"

_MAX_DECODINGS = 4
_JOINT = r"(?:\\?[./-]){0,2}"
_DIGIT_RUN = re.compile(rf"[0-9](?:{_JOINT}[0-9]){{10,}}")
_ALPHANUMERIC_RUN = re.compile(r"[0-9A-Za-z./\\-]{14,}")
_COMPACT = re.compile(r"(?=([0-9A-Za-z]{12}[0-9]{2}))")
_FORMATTED = re.compile(r"(?=([0-9A-Za-z]{2}\.[0-9A-Za-z]{3}\.[0-9A-Za-z]{3}\\?/[0-9A-Za-z]{4}-[0-9]{2}))")
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{64,}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_NAMED_SECRET = re.compile(
    r"""((?:\w*token|\w*secret|password|senha|authorization)\\?["']?\s*[:=]\s*)(\\?"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s&,;"'}]+)""",
    re.IGNORECASE,
)
_AUTHORIZATION = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9+/=_.~-]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "set-cookie", "proxy-authorization", "www-authenticate", "location", "access_token"}
)


def mask(text: str, secrets: Collection[str] = ()) -> str:
    """Any text, safe to show and store: unescaped, with secrets (in any form), tokens and whole documents masked."""
    plain = _unescape(text)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        plain = plain.replace(secret, HIDDEN).replace(_unescape(secret), HIDDEN)
    plain = _AUTHORIZATION.sub(rf"\1 {HIDDEN}", plain)
    plain = _NAMED_SECRET.sub(rf"\1{HIDDEN}", plain)
    plain = _OPAQUE.sub(lambda run: f"[{len(run[0])} caracteres]", plain)
    plain = _DIGIT_RUN.sub(DOCUMENT, plain)
    plain = _ALPHANUMERIC_RUN.sub(_mask_cnpj, plain)
    return SUPPRESSED if any(secret and secret in plain for secret in secrets) else plain


def transcript(call: HttpCall, reply: HttpReply | None, *, cause: str = "", secrets: Collection[str] = ()) -> str:
    """A call and its reply as text: method and address, status, headers, the first 4 kB of the body.

    It omits the call's own body, which holds personal data and follows from the stored order. `cause` says why no reply
    was received.
    """
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    lines = [f"> {call.method} {call.path}{'?' if query else ''}{query}"]
    if cause:
        lines.append(f"! {cause}")
    if reply is not None:
        lines.append(f"< HTTP {reply.status}")
        lines += [
            f"< {name}: {HIDDEN if name in _SECRET_HEADERS else value}" for name, value in sorted(reply.headers.items())
        ]
        lines += ["", _body(reply.content, slack=64 + 2 * max(map(len, secrets), default=0))]
    return mask("\n".join(lines), secrets)[: 2 * BODY_LIMIT]


def _body(content: bytes, slack: int) -> str:
    """The beginning of a body; a little more than is kept, so that it is masked before it is cut."""
    if has_pdf_header(content):
        return f"[PDF, {len(content)} bytes]"
    try:
        shown = content.decode()
    except UnicodeDecodeError:
        shown = content.decode("cp1252", "replace")  # no other charset, in which a document might not be recognised
    rest = len(shown) - BODY_LIMIT - slack
    shown = shown[: BODY_LIMIT + slack]
    return f"{shown}\n[mais {rest} caracteres]" if rest > 0 else shown


def _unescape(text: str) -> str:
    """Undo the escapes of JSON, URLs and HTML, which could hide a document; remove control characters."""
    for _ in range(_MAX_DECODINGS):
        decoded = html.unescape(unquote(_ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text), errors="replace"))
        if decoded == text:
            break
        text = decoded
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def _mask_cnpj(run: re.Match[str]) -> str:
    """Mask each CNPJ with letters in a run of characters, wherever it begins."""
    masked = list(run[0])
    for shape in (_COMPACT, _FORMATTED):
        for found in shape.finditer(run[0]):
            if _is_cnpj(compact_document(found[1])):
                masked[found.start(1) : found.end(1)] = "*" * len(found[1])
    return "".join(masked)


def _is_cnpj(text: str) -> bool:
    try:
        Cnpj(text)
    except InvalidInput:
        return False
    return True
