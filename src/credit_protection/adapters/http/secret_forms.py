"""Secrets in any common encoding: plain, URL, JSON or HTML escapes, Base64 at any alignment, hexadecimal.

A bureau may repeat what it was sent. Every secret and token that this process sends is known here, so that replies,
transcripts, messages and logs can be freed from them, whoever wrote them.
"""

from __future__ import annotations

import base64
import html
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from functools import lru_cache
from urllib.parse import unquote

SHORTEST = 6
"""A shorter secret occurs by chance in other words; it is hidden in transcripts only."""
_MOST_KNOWN = 128
_SHORTEST_CORE = 8
_MAX_DECODINGS = 4
_BACKSLASHED = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(?=/))")
_LONG_NUMBER = re.compile(r"&#0*(?:[0-9]{8,}|x0*[0-9a-fA-F]{7,})", re.IGNORECASE)
"""Of no character; converting thousands of digits fails."""
_ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


class KnownSecrets:
    """The secrets that were last sent, the oldest forgotten first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[str, None] = OrderedDict()
        self._snapshot: frozenset[str] = frozenset()

    def add(self, values: Iterable[str]) -> None:
        """Remember secrets."""
        with self._lock:
            for value in values:
                if len(value) >= SHORTEST:
                    self._values[value] = None
                    self._values.move_to_end(value)
            while len(self._values) > _MOST_KNOWN:
                self._values.popitem(last=False)
            self._snapshot = frozenset(self._values)

    def all(self) -> frozenset[str]:
        """What is remembered."""
        return self._snapshot


known_secrets = KnownSecrets()
"""Of this process."""


def unescaped(text: str) -> str:
    """Undo the escapes of JSON, URLs and HTML, also where they are nested a few times."""
    for _ in range(_MAX_DECODINGS):
        decoded = _BACKSLASHED.sub(_decoded, text) if "\\" in text else text
        if "%" in decoded:
            decoded = unquote(decoded, errors="replace")
        if "&" in decoded:
            decoded = html.unescape(_LONG_NUMBER.sub("\N{REPLACEMENT CHARACTER}", decoded))
        if decoded == text:
            break
        text = decoded
    return text


def hide(text: str, secrets: Collection[str], replacement: str | None = None) -> str:
    """The text without the secrets in any form.

    Each is replaced by the replacement, or by as many asterisks where it is None.
    """
    lower = ""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        lower = lower or unescaped(text).lower() + "\0" + text.lower()
        literals, spaced = _literals(secret)
        if any(each in lower for each in literals) or spaced.search(lower):
            hidden = _pattern(secret).sub(
                lambda found: "*" * len(found[0]) if replacement is None else replacement, text
            )
            text, lower = hidden, ""
    return text


def hide_bytes(content: bytes, secrets: Collection[str]) -> bytes:
    """The bytes, each secret overwritten by as many asterisks."""
    try:
        charset, text = "utf-8", content.decode()
    except UnicodeDecodeError:
        charset, text = "latin-1", content.decode("latin-1")
    hidden = hide(text, secrets)
    return content if hidden is text else hidden.encode(charset)


@lru_cache(maxsize=512)
def _literals(secret: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """What tells that a secret stands in an unescaped text: its forms, in lower case; a pattern of its hexadecimal."""
    raw = secret.encode("utf-8", "surrogatepass")
    cores = _cores(raw)
    found = {secret.lower(), secret.replace(" ", "+").lower(), raw.decode("latin-1").lower()}
    found |= {core.lower() for core in cores} | {core.translate(_URL_SAFE).lower() for core in cores}
    return tuple(found), re.compile(_hexadecimal(raw) if len(raw) >= SHORTEST else "(?!)")


@lru_cache(maxsize=64)
def _pattern(secret: str) -> re.Pattern[str]:
    """All forms of a secret, escaped or not."""
    raw = secret.encode("utf-8", "surrogatepass")
    patterns = ["".join(map(_character, secret))]
    if len(raw) >= SHORTEST:
        patterns.append(_hexadecimal(raw))
    patterns += ["[\r\n]{0,2}".join(map(_base64_character, core)) for core in _cores(raw)]
    return re.compile("|".join(patterns), re.IGNORECASE)


def _hexadecimal(raw: bytes) -> str:
    return r"(?:\\{1,2}x|[ :,_-]?(?:0x)?)".join(f"{byte:02x}" for byte in raw)


def _cores(raw: bytes) -> list[str]:
    return [core for offset in range(3) if len(core := _core(raw, offset)) >= _SHORTEST_CORE]


_URL_SAFE = str.maketrans("+/", "-_")


def _core(raw: bytes, offset: int) -> str:
    """The characters of a Base64 text that are the secret's alone where so many bytes precede it (modulo three)."""
    encoded = base64.b64encode(bytes(offset) + raw).decode()
    return encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def _base64_character(sign: str) -> str:
    if sign == "+":
        return r"(?:[+ -]|%(?:25){0,8}2b|\\{1,8}u002b|&(?:amp;){0,8}(?:#43|#x2b|plus);?)"
    if sign == "/":
        return r"(?:\\{0,8}/|_|%(?:25){0,8}2f|\\{1,8}u002f|&(?:amp;){0,8}(?:#47|#x2f|sol);?)"
    return sign


@lru_cache(maxsize=512)
def _character(sign: str) -> str:
    """A character in any escape, escaped several times too."""
    code = ord(sign)
    encoded = sign.encode("utf-8", "surrogatepass")
    units = sign.encode("utf-16-be", "surrogatepass")
    forms = [
        re.escape(sign),
        "".join(f"%(?:25){{0,8}}{byte:02x}" for byte in encoded),
        "".join(rf"\\{{1,8}}u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)),
        rf"&(?:amp;){{0,8}}#0{{0,8}}{code};?",
        rf"&(?:amp;){{0,8}}#x0{{0,8}}{code:x};?",
    ]
    if code < 0x100:  # noqa: PLR2004 - one byte
        forms.append(rf"\\{{1,8}}x{code:02x}")
        forms.append(f"%(?:25){{0,8}}{code:02x}")
    if not sign.isascii():
        forms.append(re.escape(encoded.decode("latin-1")))
    if sign in _ENTITIES:
        forms.append(f"&(?:amp;){{0,8}}{_ENTITIES[sign]};?")
    if sign in "\\/\"'":
        forms.append(rf"\\{{1,8}}{re.escape(sign)}")
    if sign == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _decoded(escape: re.Match[str]) -> str:
    return chr(int(escape[1] or escape[2], 16)) if escape[1] or escape[2] else ""
