"""Capabilities gate tests: a contract does not test what an adapter declares that it can't do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

Marked = TypeVar("Marked", bound="Callable[..., object]")
_REQUIRED = "__required_capabilities__"


def requires(*capabilities: str, declared: bool = True) -> Callable[[Marked], Marked]:
    """Mark a test, or all tests of a class, for adapters whose class attributes of these names are as `declared`."""

    def mark(marked: Marked) -> Marked:
        tests = [marked]
        if isinstance(marked, type):
            tests = [test for name, test in vars(marked).items() if name.startswith("test_")]
        for test in tests:
            setattr(test, _REQUIRED, (*getattr(test, _REQUIRED, ()), *((name, declared) for name in capabilities)))
        return marked

    return mark


class CapabilityGated:
    """A contract with marked tests. A subclass has only those that apply, so that none is skipped."""

    _gated: ClassVar[dict[str, Callable[..., None]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init_subclass__(**kwargs)
        cls._gated = {name: test for base in reversed(cls.__mro__) for name, test in _marked(base)}
        for name, test in cls._gated.items():
            required = getattr(test, _REQUIRED)
            applies = all(getattr(cls, capability, None) is declared for capability, declared in required)
            setattr(cls, name, test if applies else None)


def _marked(base: type) -> Iterable[tuple[str, Callable[..., None]]]:
    """The marked tests of a class. `_gated` keeps them where the class's attribute is None."""
    written = {name: test for name, test in vars(base).items() if getattr(test, _REQUIRED, None) is not None}
    gated: dict[str, Callable[..., None]] = vars(base).get("_gated", {})
    return (gated | written).items()
