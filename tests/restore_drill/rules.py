"""Rules switched off, to show that the drill notices."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from credit_protection.application import inclusion_hold
from credit_protection.application.reconciliation import schedule
from credit_protection.application.rereading import Rereading
from credit_protection.domain.comparison import entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULES = ("", "hold", "reconciliation", "rereading", "contradiction")
"""Inclusions wait; a reconciliation comes before a person's "continuar"; the ERP's invoices are read again; an invoice
that is open beside its payment is shown."""


@contextmanager
def without(rule: str) -> Iterator[None]:
    """Switch a rule off within the block."""
    with ExitStack() as stack:
        if rule == "hold":
            for function in (inclusion_hold.inclusion_hold, inclusion_hold.wait_code):
                _replace(stack, function, lambda *_: None)
        elif rule == "reconciliation":
            _replace(stack, schedule.can_ask, lambda *_: False)
        elif rule == "rereading":
            stack.enter_context(patch.object(Rereading, "run_due", lambda _: 0))
            stack.enter_context(patch.object(Rereading, "reread_all", lambda _: 0))
        elif rule == "contradiction":
            _replace(stack, entries.contradicts, lambda *_: False)
        yield


def _replace(stack: ExitStack, function: object, other: Callable[..., object]) -> None:
    """Replace a public function in each module that has it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("credit_protection."):
            for bound in [bound for bound, value in vars(module).items() if value is function]:
                stack.enter_context(patch.object(module, bound, other))
