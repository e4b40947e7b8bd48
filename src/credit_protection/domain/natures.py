"""The bureau's codes for the kind of debt, and for whom each is valid."""

from __future__ import annotations

import re
from dataclasses import dataclass

from credit_protection.domain.documents import PersonType

_MARK = re.compile(r"\(\s*(PF|PJ)(?:\s*(?:/|,|e)\s*(PF|PJ))?\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class InclusionNature:
    """A nature (natureza da inclusão).

    Args:
        person_types: for whom it is valid; None where the bureau does not say: allowed with a warning.
    """

    code: str
    description: str
    person_types: frozenset[PersonType] | None = None

    def admits(self, person_type: PersonType) -> bool | None:
        """True, False, or None where the bureau does not say."""
        return None if self.person_types is None else person_type in self.person_types


def persons_in(description: str) -> frozenset[PersonType] | None:
    """Read the person mark of a description: "Devedor (PF)", "Duplicata (PJ)", "(PF/PJ)"; None without a mark."""
    marks = {PersonType(mark.upper()) for pair in _MARK.findall(description) for mark in pair if mark}
    return frozenset(marks) if marks else None
