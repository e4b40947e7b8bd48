"""Public names that are imported when they are first used, so that a host pays little at start-up."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_names(public: str, sources: Mapping[str, str]) -> Callable[[str], object]:
    """Make the `__getattr__` of a public module.

    Args:
        public: the public module's `__name__`.
        sources: by module, relative to `credit_protection`, the names that it defines, separated by spaces.

    Returns:
        A function that imports the source of a name, and raises `AttributeError` for an unknown one.
    """
    source_of = {name: source for source, names in sources.items() for name in names.split()}

    def get(name: str) -> object:
        if name not in source_of:
            raise AttributeError(f"module {public!r} has no attribute {name!r}")
        return getattr(import_module(f"credit_protection.{source_of[name]}"), name)

    return get
