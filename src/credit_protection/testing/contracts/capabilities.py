"""Declared capabilities gate tests: what an adapter says that it can't do is not asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Test = TypeVar("Test", bound="Callable[..., None]")
_NEEDED = "__needed_capability__"


def needs(capability: str, *, declared: bool = True) -> Callable[[Test], Test]:
    """Mark a test of a contract: it is asked only of adapters that declare the capability, or declare its lack.

    Args:
        capability: name of the class attribute.
        declared: the value that it must have.
    """

    def mark(test: Test) -> Test:
        setattr(test, _NEEDED, (capability, declared))
        return test

    return mark


class Gated:
    """A contract with gated tests: in a subclass, those that don't apply are no tests at all, so nothing is skipped."""

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init_subclass__(**kwargs)
        for holder in cls.__mro__:
            for name, test in list(vars(holder).items()):
                needed = getattr(test, _NEEDED, None)
                if needed is not None:
                    setattr(cls, name, test if getattr(cls, needed[0], None) is needed[1] else None)
