"""A model of a bureau whose lists leave records out: an unknown record, and a record that stands twice.

It calls the domain's own functions as a pass over a list does, and checks what each list closes against what the bureau
really has.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.comparison import bureau_side
from credit_protection.domain.comparison.bureau_differences import duplicate, named_ids, unknown_difference
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.divergences import (
    Difference,
    Divergence,
    DivergenceCode,
    DivergenceContext,
    Side,
    update_divergences,
)
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.testing import samples
from tests.domain.lifecycle.rules import require

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALENDAR = BusinessCalendar(frozenset())
UNKNOWN, TWIN = "U1", "TWIN"
_MINUTES = (1, 20, 59, 61, 600)
_STEPS = 12


class ListModel:
    """One account: our record, a twin of it, and a record that nobody here knows."""

    def __init__(self, *, looks_up: bool) -> None:
        self.looks_up = looks_up
        self.now = START
        self.standing = {UNKNOWN, TWIN}
        self.divergences: dict[str, Divergence] = {}
        self.missed: dict[str, datetime] = {}
        self.lists: list[tuple[datetime, frozenset[str]]] = []
        self._ids = count()
        self._ours = samples.negativation("n-1", ["f-1"], document=samples.CPF, reference="4711")

    def read(self, left_out: frozenset[str]) -> None:
        """Read a list to its end; some of what stands is not on it."""
        listed = frozenset(self.standing - left_out)
        self.lists.append((self.now, listed))
        if UNKNOWN in listed:
            record = BureauRecord(samples.CNPJ.value, "U-1", START.date(), RecordState.PRESENT, UNKNOWN)
            self._update([unknown_difference("i", record)], ())
        if TWIN in listed:
            self._update([duplicate(self._ours, [TWIN])], ())
        for each in [each for each in self.divergences.values() if each.closed_at is None]:
            record_id = TWIN if each.code is DivergenceCode.DUPLICATE else UNKNOWN
            if record_id in listed:
                self.missed.pop(each.id, None)
                continue
            is_found = False
            if self.looks_up and each.code in bureau_side.LOOKED_UP_FIRST:
                is_found = any(one in self.standing for one in named_ids(each.theirs))
            before = self.missed.get(each.id)
            if bureau_side.is_over(each.code, self.now, missed_before=before, is_found=is_found):
                self._check_closed(each)
                self._update([], [(each.code, Side.BUREAU)], each.subject)
            elif before is None:
                self.missed[each.id] = self.now

    def _update(
        self, found: list[Difference], fresh: list[tuple[DivergenceCode, Side]] | tuple[()], subject: str = ""
    ) -> None:
        subject = subject or found[0].subject
        at = DivergenceContext("i", "1", None, self.now, self.now.date(), CALENDAR)
        current = [each for each in self.divergences.values() if each.closed_at is None and each.subject == subject]
        for each in update_divergences(current, found, fresh, at, (f"d-{number}" for number in self._ids)):
            self.divergences[each.id] = each

    def _check_closed(self, divergence: Divergence) -> None:
        if divergence.code is DivergenceCode.DUPLICATE:
            stands = self.looks_up and TWIN in self.standing
            require(not stands, "8.4: what stood twice is over only where no look-up finds it")
            return
        missing: list[datetime] = []
        for as_of, listed in reversed(self.lists):
            if UNKNOWN in listed:
                break
            missing.append(as_of)
        is_apart = missing[0] - missing[-1] >= HOUR
        require(is_apart, "8.4: an unknown record is over where two lists, an hour apart, miss it")

    def finish(self) -> None:
        """What is gone is over after two whole lists, and what stands is shown."""
        for _ in range(2):
            self.now += 2 * HOUR
            self.read(frozenset())
        shown = {each.code for each in self.divergences.values() if each.closed_at is None}
        require(
            (DivergenceCode.UNKNOWN_RECORD in shown) == (UNKNOWN in self.standing), "8.4: unknown records are shown"
        )
        require((DivergenceCode.DUPLICATE in shown) == (TWIN in self.standing), "8.4: what stands twice is shown")


def list_walk(seed: int) -> None:
    """One walk, of a gateway that the seed chooses."""
    random = Random(seed)  # noqa: S311 - no secret
    model = ListModel(looks_up=seed % 3 != 0)
    for _ in range(_STEPS):
        model.now += timedelta(minutes=random.choice(_MINUTES))
        if random.random() < 0.15:
            model.standing ^= {random.choice((UNKNOWN, TWIN))}
        model.read(frozenset(each for each in (UNKNOWN, TWIN) if random.random() < 0.4))
    model.finish()
