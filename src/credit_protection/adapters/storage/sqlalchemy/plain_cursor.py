"""A psycopg cursor that describes its columns plainly.

SQLAlchemy asks for the description of every result, mostly to see that there is one; psycopg makes an object for each
column then, which takes longer than reading the row.
"""

from __future__ import annotations

from typing import Any

import psycopg

Described = tuple[str, int, None, None, None, None, None]


class PlainCursor(psycopg.Cursor[Any]):
    """Name and type of each column, as PEP 249 has them; the rest of it is not told."""

    @property
    def description(self) -> list[Described] | None:  # type: ignore[override] # PEP 249 wants no more than this
        """None where there is no result to read."""
        result = self.pgresult
        if result is None or not result.nfields:
            return None
        encoding = self.connection.info.encoding
        return [
            ((result.fname(column) or b"").decode(encoding), result.ftype(column), None, None, None, None, None)
            for column in range(result.nfields)
        ]
