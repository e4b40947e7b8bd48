"""Units that commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from credit_protection.ports.storage import Storage, UnitOfWork


@contextmanager
def committed(storage: Storage) -> Iterator[UnitOfWork]:
    """A unit that commits at the end of the block."""
    with storage.unit() as unit:
        yield unit
        unit.commit()
