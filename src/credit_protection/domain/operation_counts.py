"""How many operations a portal's extract shows for each document: all that such a file can be compared by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperationCounts:
    """The operations on one document, by their last word.

    Args:
        included: inclusions that stand, or stood.
        removed: removals.
        processing: operations that the bureau still processes.
        failed: operations that ended with an error.
    """

    included: int = 0
    removed: int = 0
    processing: int = 0
    failed: int = 0
