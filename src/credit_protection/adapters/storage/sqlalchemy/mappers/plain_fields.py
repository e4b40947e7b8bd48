"""The fields that a row holds in columns of the same names, as they are; the mappers add the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class PlainFields:
    """Copies the plain fields of a dataclass, from a value to a row or back; not those that a mapper converts."""

    def __init__(self, kind: type[DataclassInstance], *, without: tuple[str, ...] = ()) -> None:
        unknown = set(without) - {field.name for field in fields(kind)}
        if unknown:
            raise ValueError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
        self._names = tuple(field.name for field in fields(kind) if field.name not in without)
        items = ", ".join(f"{name!r}: source.{name}" for name in self._names)
        # Every transmission copies hundreds of fields; `zip` and `attrgetter` take three times as long as a display.
        self.of: Callable[[object], dict[str, Any]] = eval(f"lambda source: {{{items}}}")  # noqa: S307 - names of fields
        """By name, of a value or of a row."""

    def of_tree(self, tree: dict[str, Any]) -> dict[str, Any]:
        """By name, of a JSON object: those that it has. A field that was added later is missing in older ones."""
        return {name: tree[name] for name in self._names if name in tree}
