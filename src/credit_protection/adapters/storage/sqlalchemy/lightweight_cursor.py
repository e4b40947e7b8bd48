"""A psycopg cursor with a cheap description of its columns.

SQLAlchemy reads the description of every result, mostly to see whether there is one; psycopg then builds an object for
each column, which takes longer than reading the row (measured by `python -m benchmarks latency`).
"""

from typing import Any

import psycopg

Description = tuple[str, int, None, None, None, None, None]


class LightweightCursor(psycopg.Cursor[Any]):
    """Describes the name and type of each column alone, as PEP 249 permits."""

    @property
    def description(self) -> list[Description] | None:  # type: ignore[override] # PEP 249 requires no more
        """None where there is no result to read."""
        result = self.pgresult
        if result is None or not result.nfields:
            return None
        encoding = self.connection.info.encoding
        return [
            ((result.fname(column) or b"").decode(encoding), result.ftype(column), None, None, None, None, None)
            for column in range(result.nfields)
        ]
