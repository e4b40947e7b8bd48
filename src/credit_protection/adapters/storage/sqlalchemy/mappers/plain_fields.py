"""The fields that a row holds in columns of the same names, as they are; the mappers add the others."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class PlainFields:
    """Copies the plain fields of a dataclass, from a value to a row or back; not those that a mapper converts."""

    def __init__(self, kind: type[DataclassInstance], *, without: tuple[str, ...] = ()) -> None:
        self._names = tuple(field.name for field in fields(kind) if field.name not in without)
        self._values = attrgetter(*self._names)

    def of(self, source: object) -> dict[str, Any]:
        """By name, of a value or of a row."""
        return dict(zip(self._names, self._values(source), strict=True))

    def of_tree(self, tree: dict[str, Any]) -> dict[str, Any]:
        """By name, of a JSON object that may have further ones."""
        return {name: tree[name] for name in self._names}
