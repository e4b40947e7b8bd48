"""Reads JSON answers strictly: a field that does not follow the contract is `Unreadable`, never a default."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from credit_protection.adapters.http import HttpReply, mask
from credit_protection.adapters.http.secret_forms import hide, known_secrets
from credit_protection.domain.texts import clean_text

JsonObject = dict[str, object]
_TEXT_LIMIT = 500
_is_code = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,62}[\x21-\x7e])?").fullmatch
_Item = TypeVar("_Item")
_Word = TypeVar("_Word", bound="StrEnum")


class Unreadable(ValueError):
    """An answer does not follow the contract; the text names the field."""


def read_object(reply: HttpReply) -> JsonObject:
    """The body, a JSON object: under any content type, in its declared charset, UTF-8 or Windows-1252."""
    body = reply.parse_json()
    if body is None:
        raise Unreadable("não é JSON")
    if not isinstance(body, dict):
        raise Unreadable("não é um objeto JSON")
    return body


def read_items(body: JsonObject, name: str, read: Callable[[JsonObject], _Item]) -> tuple[_Item, ...]:
    """A list of objects, each passed to `read`. A missing list is unreadable, never an empty one."""
    items = body.get(name)
    if not isinstance(items, list):
        raise Unreadable(name)
    return tuple(_read_item(f"{name}[{index}]", item, read) for index, item in enumerate(items))


def _read_item(name: str, item: object, read: Callable[[JsonObject], _Item]) -> _Item:
    if not isinstance(item, dict):
        raise Unreadable(name)
    try:
        return read(item)
    except Unreadable as fault:
        raise Unreadable(f"{name}.{fault}") from None


def read_code(body: JsonObject, name: str) -> str:
    """A code of up to 64 characters that is sent back unchanged: never masked, never cut, never with a secret."""
    code = body.get(name)
    if not isinstance(code, str) or not _is_code(code) or hide(code, known_secrets.all()) is not code:
        raise Unreadable(name)
    return code


def optional_code(body: JsonObject, name: str) -> str:
    """A code that is only compared; empty where it is missing or is none."""
    code = body.get(name)
    return code if isinstance(code, str) and _is_code(code) else ""


def read_word(body: JsonObject, name: str, words: type[_Word]) -> _Word:
    """A member of an enumeration."""
    word = body.get(name)
    if not isinstance(word, str) or word not in set(words):
        raise Unreadable(name)
    return words(word)


def required_text(body: JsonObject, name: str) -> str:
    """A text that is not blank, formatted by `display_text`."""
    text = optional_text(body, name)
    if not text:
        raise Unreadable(name)
    return text


def optional_text(body: JsonObject, name: str) -> str:
    """A text formatted by `display_text`; empty where it is missing."""
    text = body.get(name)
    return display_text(text) if isinstance(text, str) else ""


def display_text(text: str) -> str:
    """A text of the bureau, safe to show and store: masked, one line, no control characters, at most 500 characters."""
    return clean_text(mask(text[: 4 * _TEXT_LIMIT]))[:_TEXT_LIMIT].strip()
