"""Reconciliation: a pass over the bureau's side, and what waits for one after an outage or a restore.

From the outside in: `use_cases` (by command, or when one is due: `schedule`), `passes` (one pass, call by call),
`lists` and `lookups` (how the bureau is read), `effects` (what is stored of it), `batch` (one transaction).
"""

from __future__ import annotations

from credit_protection.application.reconciliation.lists import BATCH_SIZE
from credit_protection.application.reconciliation.marks import LIST_TRUSTED
from credit_protection.application.reconciliation.results import HoldState, ReconciliationSummary
from credit_protection.application.reconciliation.use_cases import Reconciliation

__all__ = ["BATCH_SIZE", "LIST_TRUSTED", "HoldState", "Reconciliation", "ReconciliationSummary"]
