"""Where records that were made before this software come from: a bureau's list, or a file of its extract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.domain.adoption import ExtractRow


class Extract(Protocol):
    """A source of records, read row by row: never all in memory."""

    @property
    def name(self) -> str:
        """As the operator knows it."""
        ...

    @property
    def is_log(self) -> bool:
        """Whether its rows are operations (the removal of a record is another row), not records."""
        ...

    def rows(self) -> Iterator[ExtractRow]:
        """From the beginning: may be asked for more than once.

        Raises:
            InvalidInput: the file can't be read.
            BureauError: the bureau could not be read; a `ProtocolError` of code `registros_ilegiveis` comes at the end,
                after all others were given.
        """
        ...
