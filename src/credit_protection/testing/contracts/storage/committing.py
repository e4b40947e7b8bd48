"""Units that commit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.ports.storage import Storage, UnitOfWork


@contextmanager
def committed(storage: Storage) -> Iterator[UnitOfWork]:
    """A unit that commits at the end of the block."""
    with storage.unit() as unit:
        yield unit
        unit.commit()
