"""Cursors of lists: opaque text that says where a page ended (keyset paging, so that no page is counted through)."""

from __future__ import annotations

import base64
import binascii
import json

from credit_protection.domain.errors import InvalidInput


def encode(*parts: str) -> str:
    """Make a cursor of the last row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode(cursor: str, parts: int) -> list[str]:
    """Read a cursor that `encode` made of so many parts.

    Raises:
        InvalidInput: it is not one.
    """
    try:
        read = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        read = None
    if not isinstance(read, list) or len(read) != parts or not all(isinstance(part, str) for part in read):
        raise InvalidInput("A página pedida não existe mais. Volte ao início da lista.", field="page")
    return read
