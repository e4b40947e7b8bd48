"""Transcripts of calls, for quarantine and support: without secrets, tokens or whole documents.

Over-masking is intended: any eleven digits in a row may be a CPF.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection
from itertools import chain
from operator import mul

from credit_protection.adapters.http.calls import HttpCall, HttpReply
from credit_protection.adapters.http.secret_forms import hide, known_secrets, unescaped
from credit_protection.domain.documents import Cnpj, Cpf
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.queries import has_pdf_header

BODY_LIMIT = 4096
MASK_LIMIT = 32_768
"""Characters of a text that are masked; the rest is dropped, so that no text costs more than a few milliseconds."""
HIDDEN = "[oculto]"
DOCUMENT = "[documento]"
SUPPRESSED = "[transcrição suprimida: continha um segredo que não se pôde ocultar]"

_HEADER_LIMIT = 1024
_MOST_HEADERS = 64
_JOINT = r"(?:\\?[./-]){0,2}"
_DIGIT_RUN = re.compile(rf"[0-9](?:{_JOINT}[0-9]){{10,}}")
_LOOSE, _GAP = r"[^0-9A-Za-z]{0,3}", r"[^0-9A-Za-z]{1,3}"
_LOOSE_RUN = re.compile(rf"[0-9](?:{_LOOSE}[0-9]){{10,}}")
_INVISIBLE = frozenset({"Cf", "Cs", "Zl", "Zp"})
_DIGITS = frozenset("0123456789")
_CHECKED: tuple[tuple[int, type[Cpf | Cnpj], tuple[int, ...]], ...] = (
    (11, Cpf, tuple(range(11, 1, -1))),
    (14, Cnpj, (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)),
)
"""Digits of a document, and the weights of its last check digit."""
_CNPJ_SHAPES = (
    re.compile(r"(?=([0-9A-Za-z]{12}[0-9]{2}))"),
    re.compile(r"(?=([0-9A-Za-z]{2}\.[0-9A-Za-z]{3}\.[0-9A-Za-z]{3}\\?/[0-9A-Za-z]{4}-[0-9]{2}))"),
    re.compile(
        rf"(?<![0-9A-Za-z])([0-9A-Za-z]{{2}}{_LOOSE}[0-9A-Za-z]{{3}}{_LOOSE}[0-9A-Za-z]{{3}}"
        rf"{_GAP}[0-9A-Za-z]{{4}}{_GAP}[0-9]{{2}})(?![0-9A-Za-z])"
    ),
)
"""Compact, formatted, and parted by any punctuation."""
_JOINTS = re.compile(r"[^0-9A-Za-z]+")
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{64,}")
_NAMED_SECRET = re.compile(
    r"""((?:token|secret|password|senha|authorization)\\?["']?\s{0,8}[:=]\s{0,8})(\\?"(?:[^"\\]|\\.)*+"?|'[^']*+'?|[^\s&,;"'}]++)""",
    re.IGNORECASE,
)
_AUTHORIZATION = re.compile(r"\b(bearer|basic)\s{1,8}[A-Za-z0-9+/=_.~-]+", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRET_HEADERS = frozenset(
    {"authorization", "cookie", "set-cookie", "proxy-authorization", "www-authenticate", "location", "access_token"}
)


def mask(text: str, secrets: Collection[str] = ()) -> str:
    """Any text, safe to show and store: unescaped, with secrets (in any form), tokens and whole documents masked.

    The secrets that this process sends are known besides those that are given. Of a long text the beginning is kept.
    """
    hidden = known_secrets.all().union(secrets)
    slack = 64 + 12 * max(map(len, hidden), default=0)
    is_cut = len(text) > MASK_LIMIT
    plain = _plain(unescaped(text[: MASK_LIMIT + slack]))
    plain = hide(plain, hidden, HIDDEN)
    plain = _AUTHORIZATION.sub(rf"\1 {HIDDEN}", plain)
    plain = _NAMED_SECRET.sub(rf"\1{HIDDEN}", plain)
    plain = _OPAQUE.sub(lambda run: f"[{len(run[0])} caracteres]", plain)
    plain = _DIGIT_RUN.sub(DOCUMENT, plain)
    plain = _LOOSE_RUN.sub(_mask_digits, plain)
    plain = _mask_cnpj(plain)
    if is_cut:  # what the cut may have parted is within the slack
        plain = f"{plain[: min(MASK_LIMIT, max(0, len(plain) - slack))]}\n[mais {len(text) - MASK_LIMIT} caracteres]"
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
        slack = 64 + 12 * max(map(len, secrets), default=0)
        lines += [
            f"< {name}: {HIDDEN if name in _SECRET_HEADERS else _beginning(value, _HEADER_LIMIT, slack, secrets)}"
            for name, value in sorted(reply.headers.items())[:_MOST_HEADERS]
        ]
        lines += ["", _body(reply.content, slack)]
    return mask("\n".join(lines), secrets)[: 2 * BODY_LIMIT]


def _beginning(text: str, limit: int, slack: int, secrets: Collection[str]) -> str:
    """The beginning of a text; a long one is masked before it is cut."""
    return text if len(text) <= limit else mask(text[: limit + slack], secrets)[:limit]


def _body(content: bytes, slack: int) -> str:
    """The beginning of a body; a little more than is kept, so that it is masked before it is cut."""
    if has_pdf_header(content):
        return f"[PDF, {len(content)} bytes]"
    length = BODY_LIMIT + slack
    beginning = content[: 4 * length]
    try:
        shown = codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        shown = beginning.decode("cp1252", "replace")  # no other charset, in which a document might not be recognised
    shown = shown[:length]
    rest = len(content) - len(shown.encode("utf-8", "replace"))
    return f"{shown}\n[mais {rest} bytes]" if rest > 0 and len(shown) == length else shown


def _plain(text: str) -> str:
    """Without control characters and invisible ones; every digit as an ASCII digit."""
    text = _CONTROL.sub("", text)
    if text.isascii():
        return text
    return "".join(filter(None, map(_sign, text)))


def _sign(sign: str) -> str:
    if sign.isascii():
        return sign
    if unicodedata.category(sign) in _INVISIBLE:
        return ""
    if sign.isdecimal():
        return str(unicodedata.digit(sign))
    folded = unicodedata.normalize("NFKC", sign)  # full-width letters and punctuation
    return folded if len(folded) == 1 and folded.isascii() and not folded.isspace() else sign


def _mask_digits(run: re.Match[str]) -> str:
    """Mask each CPF or CNPJ in digits that any punctuation parts."""
    text = run[0]
    places = [place for place, sign in enumerate(text) if sign in _DIGITS]
    digits = "".join(text[place] for place in places)
    masked = list(text)
    values = list(map(int, digits))
    for length, kind, weights in _CHECKED:
        for first in range(len(digits) - length + 1):
            # the sum of the last digit is quick, and rarely right by chance
            given = digits[first : first + length]
            total = sum(map(mul, values[first : first + length - 1], weights))
            is_checked = total * 10 % 11 % 10 == values[first + length - 1] and given != given[0] * length
            if is_checked and _is_document(kind, given):
                for place in places[first : first + length]:
                    masked[place] = "*"
    return "".join(masked)


def _mask_cnpj(text: str) -> str:
    """Mask each CNPJ, wherever it begins and whatever punctuation parts it."""
    masked: list[str] | None = None
    for found in chain.from_iterable(shape.finditer(text) for shape in _CNPJ_SHAPES):
        if _is_document(Cnpj, _JOINTS.sub("", found[1])):
            masked = masked or list(text)
            masked[found.start(1) : found.end(1)] = "*" * len(found[1])
    return text if masked is None else "".join(masked)


def _is_document(kind: type[Cpf | Cnpj], text: str) -> bool:
    try:
        kind(text)
    except InvalidInput:
        return False
    return True
