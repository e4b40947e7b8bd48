"""A host's reports of payments: settlements, and ledgers of them in the worst order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.settlements import Entry, Reversal, Settlement, SettlementKind
from credit_protection.testing.strategies.documents_and_money import money
from credit_protection.testing.strategies.shared import TODAY, derived, ids

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

BALANCE = Money(119_90)
"""The default open balance of an invoice in `settlements` and `ledgers`."""


def settlements(invoice_id: str = "1001", balance: Money = BALANCE, today: date = TODAY) -> SearchStrategy[Settlement]:
    """A settlement of the invoice: whole, partial, more than `balance`, or without an amount; of any kind.

    Paid within the 60 days before `today`; some pay `balance` exactly.
    """

    def settlement(
        number: str,
        kind: SettlementKind,
        days_ago: int,
        amount: Money | None,
        discount: Money,
        days_to_credit: int | None,
        court_order: bool,
    ) -> Settlement:
        paid = today - timedelta(days=days_ago)
        available = None if days_to_credit is None else paid + timedelta(days=days_to_credit)
        return Settlement(number, invoice_id, kind, paid, amount, discount, available, court_order)

    return derived(
        settlement,
        ids("p"),
        st.sampled_from(SettlementKind),
        st.integers(0, 60),
        st.none() | st.just(balance) | money(maximum=balance + balance),
        st.just(ZERO) | money(maximum=balance),
        st.none() | st.integers(0, 32),
        st.sampled_from((False, False, False, True)),
    )


def ledgers(
    invoice_ids: Sequence[str] = ("1001",), balance: Money = BALANCE, today: date = TODAY
) -> SearchStrategy[tuple[Entry, ...]]:
    """A host's reports on these invoices in the worst order, each invoice owing `balance`.

    Settlements, reversals (before their settlement, or without one), and exact repeats of both.
    """
    one = st.tuples(settlements(invoice_ids[0], balance, today), st.sampled_from(tuple(invoice_ids)), st.booleans())
    paid = st.lists(one, max_size=5, unique_by=lambda drawn: drawn[0].id)
    early = st.sampled_from(((), (Reversal("never-seen", invoice_ids[0], today),)))
    return _ledger(paid, early, st.lists(st.integers(0, 9), max_size=3), today)


@st.composite
def _ledger(
    draw: DrawFn,
    paid: SearchStrategy[list[tuple[Settlement, str, bool]]],
    early: SearchStrategy[tuple[Reversal, ...]],
    repeats: SearchStrategy[list[int]],
    today: date,
) -> tuple[Entry, ...]:
    entries: list[Entry] = list(draw(early))
    for settlement, invoice_id, is_reversed in draw(paid):
        entries.append(replace(settlement, invoice_id=invoice_id))
        if is_reversed:
            entries.append(Reversal(settlement.id, invoice_id, today))
    repeated = [entries[position % len(entries)] for position in draw(repeats) if entries]
    return tuple(draw(st.permutations([*entries, *repeated])))
