"""Hypothesis strategies for authors of hosts, gateways and guards: made-up people, debts and payments.

The values are consistent: check digits are right, an overdue invoice is overdue, a negativation is in a possible state.
A failing example shows the simplest value that still fails, as an expression that can go into `@example(...)`.
docs/testing.md shows how to use them.
"""

from __future__ import annotations

from credit_protection.testing.strategies.bureaus_and_operators import (
    NATURE,
    actors,
    calendars,
    candidates,
    capabilities,
    guard_settings,
    integrations,
    natures,
    products,
)
from credit_protection.testing.strategies.hosts import (
    BALANCE,
    addresses,
    customers,
    invoices,
    ledgers,
    overdue_invoices,
    settlements,
    subscriptions,
)
from credit_protection.testing.strategies.negativation_states import negativations
from credit_protection.testing.strategies.values import NOW, TODAY, alphanumeric_cnpj, cnpj, cpf, documents, money

__all__ = [
    "BALANCE",
    "NATURE",
    "NOW",
    "TODAY",
    "actors",
    "addresses",
    "alphanumeric_cnpj",
    "calendars",
    "candidates",
    "capabilities",
    "cnpj",
    "cpf",
    "customers",
    "documents",
    "guard_settings",
    "integrations",
    "invoices",
    "ledgers",
    "money",
    "natures",
    "negativations",
    "overdue_invoices",
    "products",
    "settlements",
    "subscriptions",
]
