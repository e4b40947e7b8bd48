"""Names and addresses as they are sent: one line, without invisible characters."""

from __future__ import annotations

import unicodedata

_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})


def clean_text(text: str) -> str:
    """Line breaks and control characters as one blank, invisible characters dropped, no blanks around it."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category in _BREAKS:
            kept.append(" ")
        elif category not in _INVISIBLE:
            kept.append(character)
    return " ".join("".join(kept).split())


def has_controls(text: str) -> bool:
    """Whether it has line breaks, control characters or invisible ones."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(character) in _BREAKS | _INVISIBLE for character in text)
