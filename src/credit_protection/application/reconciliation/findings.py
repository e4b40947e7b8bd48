"""What a pass found so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from credit_protection.domain.bureau_answers import RecordFound
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.divergences import (
    DivergenceCode,
)
from credit_protection.domain.negativations import Negativation

_MOST_OF_ONE = 20
"""Records of one key that are named."""
_MOST_NEAR = 10_000
"""Contracts that are remembered as near misses in one pass."""


@dataclass(slots=True)
class Findings:
    """What a pass found so far: counts, and the few records that only the end of the list judges.

    Args:
        opened: new divergences by code.
        others: the records under our keys that stand with other ids, by negativation.
        own_found: negativations whose own record stands beside those, by the list or by a look-up.
        is_held: whether the brake held something.
        with_other_record: negativations whose id shows another record.
        unknown: digests of the unknown records that stand.
        shown_before: digests of the subjects whose divergences were open when the pass began.
        near: contracts that resemble an unconfirmed record's, by negativation.
    """

    rows: int = 0
    matched: int = 0
    foreign: int = 0
    unreadable: int = 0
    looked_up: int = 0
    missing: int = 0
    answered: int = 0
    reopened: int = 0
    opened: Counter[DivergenceCode] = field(default_factory=Counter)
    others: dict[str, list[BureauRecord]] = field(default_factory=dict)
    own_found: set[str] = field(default_factory=set)
    is_held: bool = False
    with_other_record: set[str] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    near: dict[str, list[str]] = field(default_factory=dict)
    shown_before: set[int] = field(default_factory=set)

    def add_other(self, negativation_id: str, record: BureauRecord) -> None:
        """Remember one of our keys under another id."""
        known = self.others.setdefault(negativation_id, [])
        if len(known) < _MOST_OF_ONE:
            known.append(record)

    def add_near(self, negativation_id: str, reference: str) -> None:
        """Remember a near miss."""
        if len(self.near) < _MOST_NEAR:
            self.near.setdefault(negativation_id, []).append(reference)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A look-up of one record: by what it has, and where that missed, by its natural key, and by similar contracts."""

    negativation: Negativation
    found: RecordFound | None
    by_key: RecordFound | None
    as_of: datetime
    near: tuple[str, ...] = ()


def counts_of(findings: Findings) -> Mapping[str, int]:
    """The new divergences by code, for a screen."""
    return {code.value: findings.opened[code] for code in DivergenceCode if findings.opened[code]}
