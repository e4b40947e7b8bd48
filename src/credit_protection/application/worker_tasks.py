"""What a queue engine drives."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from credit_protection.application.payments import Payments
from credit_protection.application.sweep import Sweep, SweepResult
from credit_protection.application.transmissions import TransmissionResult, Transmissions
from credit_protection.ports.storage import DueTransmission

log = logging.getLogger(__name__)


class TenantWorkerTasks:
    """`ports.queue.WorkerTasks` of one tenant."""

    def __init__(self, transmissions: Transmissions, sweep: Sweep, payments: Payments) -> None:
        self._transmissions = transmissions
        self._sweep = sweep
        self._payments = payments
        self._failure: type[Exception] | None = None

    def due(self, limit: int) -> Sequence[DueTransmission]:
        """Apply some of the payments that wait, then return what may be claimed now, the most urgent first."""
        try:
            self._payments.apply_piece()
            self._failure = None
        except Exception as error:  # what is due is sent all the same; the sweep applies
            if self._failure is not type(error):  # once, not at every fetch
                log.exception("payments could not be applied")
            self._failure = type(error)
        return self._transmissions.due(limit)

    def next_due_at(self) -> datetime | None:
        """Return when to fetch again."""
        return self._transmissions.next_due_at()

    def perform(self, negativation_id: str, worker: str) -> TransmissionResult | None:
        """Claim, call, store."""
        return self._transmissions.perform(negativation_id, worker)

    def sweep(self) -> SweepResult:
        """Run the sweep, as a worker."""
        return self._sweep.run(by_worker=True)
