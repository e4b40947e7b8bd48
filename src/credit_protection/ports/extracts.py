"""Sources of records that were made before this software was installed: a bureau's list, or a file of its extract."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Protocol

from credit_protection.domain.adoption_assessment import ExtractRow


class Extract(Protocol):
    """A source of records, read row by row: never all in memory."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As operators know it."""

    @property
    @abstractmethod
    def is_operation_log(self) -> bool:
        """Whether its rows are operations (the removal of a record is another row), not records."""

    @abstractmethod
    def rows(self) -> Iterator[ExtractRow]:
        """Stream the rows from the beginning; may be called more than once.

        Raises:
            InvalidInput: the file can't be read.
            BureauError: the bureau could not be read; a `ProtocolError` of code `registros_ilegiveis` is raised after
                all other rows were given.
        """
