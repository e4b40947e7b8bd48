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


def shown_text(text: str) -> str:
    """A text of others as one line of a terminal, a log or a file: its blanks stay, signs that control these don't.

    Those are escapes, line breaks, direction marks and everything else that shows nothing by itself.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for character in text:
        category = unicodedata.category(character)
        if category in _BREAKS:
            kept.append(" " if character.isspace() else "")
        elif category not in {"Cf", "Cs"}:
            kept.append(character)
    return "".join(kept)


def has_controls(text: str) -> bool:
    """Whether it has line breaks, control characters or invisible ones."""
    if text.isascii() and text.isprintable():
        return False
    return any(unicodedata.category(character) in _BREAKS | _INVISIBLE for character in text)
