"""The brake: how many records may turn in a day without a host's own settlement.

A reading can be wrong for everybody at once: an ERP whose permission was cut to one branch calls the rest missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from credit_protection.domain.divergences import Difference, DivergenceCode, DivergenceSeverity, Side
from credit_protection.domain.instants import is_over

PERIOD = timedelta(hours=24)
_AT_LEAST = 20
_PER_CENT = 2
_PER_CENT_WITHOUT_REPORTS = 10


def allowed_turns(open_records: int, *, host_reports: bool) -> int:
    """How many records of an integration may turn in `PERIOD`: 2 %, at least 20.

    10 % where the host neither reports its settlements nor lists them, since readings are all that there is.
    """
    per_cent = _PER_CENT if host_reports else _PER_CENT_WITHOUT_REPORTS
    return max(_AT_LEAST, open_records * per_cent // 100)


def is_released(released_at: datetime | None, now: datetime) -> bool:
    """Whether a person said "continuar" within the period."""
    return not is_over(released_at, now, PERIOD)


_SHOWN = 10


_MESSAGES = {
    Side.ERP: "A leitura do ERP mudaria registros demais em um dia: nada mais muda sozinho. Confira se o acesso ao ERP "
    "não foi cortado e, se as mudanças são verdadeiras, mande continuar.",
    Side.BUREAU: "A lista do birô reabriria registros demais em um dia: nada mais é reaberto sozinho. Confira no "
    "portal se eles constam e, se constam, mande continuar e reconcilie de novo.",
}


def brake_difference(integration_id: str, negativation_ids: Sequence[str], side: Side = Side.ERP) -> Difference:
    """The brake of an integration is on, for what a side would turn."""
    message = f"{_MESSAGES[side]} Algumas: {', '.join(negativation_ids[:_SHOWN])}."
    return Difference(
        integration_id, DivergenceCode.BRAKE, side, DivergenceSeverity.CRITICAL, "parado", "mudaria", message
    )
