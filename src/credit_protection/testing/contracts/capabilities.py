"""Declared capabilities gate tests: what an adapter says that it can't do is not asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Test = TypeVar("Test", bound="Callable[..., None]")
_NEEDED = "__needed_capabilities__"


def needs(capability: str, *, declared: bool = True) -> Callable[[Test], Test]:
    """Mark a test of a contract: it is asked only of adapters that declare the capability, or declare its lack.

    A test that needs several is marked several times.

    Args:
        capability: name of the class attribute.
        declared: the value that it must have.
    """

    def mark(test: Test) -> Test:
        setattr(test, _NEEDED, (*getattr(test, _NEEDED, ()), (capability, declared)))
        return test

    return mark


class Gated:
    """A contract with gated tests: in a subclass, those that don't apply are no tests at all, so nothing is skipped."""

    _gated: ClassVar[dict[str, Callable[..., None]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init_subclass__(**kwargs)
        cls._gated = {name: test for base in reversed(cls.__mro__) for name, test in _marked(base)}
        for name, test in cls._gated.items():
            applies = all(getattr(cls, capability, None) is declared for capability, declared in getattr(test, _NEEDED))
            setattr(cls, name, test if applies else None)


def _marked(base: type) -> Iterable[tuple[str, Callable[..., None]]]:
    """The marked tests of a class, kept apart: where they don't apply, the class's own names hold None."""
    written = {name: test for name, test in vars(base).items() if getattr(test, _NEEDED, None) is not None}
    kept: dict[str, Callable[..., None]] = vars(base).get("_gated", {})
    return (kept | written).items()
