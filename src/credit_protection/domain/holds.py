"""Why a person may not be negativated: the do-not-negativate list (lista de não negativar)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credit_protection.domain.days import normalise_days


class HoldKind(StrEnum):
    """Why, the strongest first."""

    COURT_ORDER = "court_order"
    DEATH = "death"
    DISPUTE = "dispute"
    PUBLIC_BODY = "public_body"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason not to negativate a customer. It counts for the person: every customer record with the same document.

    Args:
        reason: in the host's words; may be empty where the kind says all.
        until: its last day; None where it has no end.
    """

    kind: HoldKind = HoldKind.OTHER
    reason: str = ""
    until: date | None = None

    def __post_init__(self) -> None:
        normalise_days(self, (), ("until",))

    @property
    def text(self) -> str:
        """What it is, for an operator."""
        known = _TEXTS.get(self.kind, "")
        return self.reason.strip() or known or "sem motivo registrado"

    def is_effective(self, today: date) -> bool:
        """Whether it has not ended."""
        return self.until is None or today <= self.until


_TEXTS = {
    HoldKind.COURT_ORDER: "ordem judicial",
    HoldKind.DEATH: "falecimento",
    HoldKind.DISPUTE: "dívida contestada",
    HoldKind.PUBLIC_BODY: "órgão público",
}
_ORDER = list(HoldKind)


def as_hold(given: Hold | str) -> Hold:
    """A hold as it is; of a text alone, one of another kind with that reason."""
    return given if isinstance(given, Hold) else Hold(reason=given)


def decisive(holds: Iterable[Hold]) -> Hold:
    """The one that ends last, the strongest of them: if any is effective, this one is."""
    return min(holds, key=lambda each: (-(each.until or date.max).toordinal(), _ORDER.index(each.kind)))
