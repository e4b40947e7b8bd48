"""Hypothesis strategies for authors of hosts, gateways and guards: made-up people, debts and payments.

The values are consistent: check digits are right, an overdue invoice is overdue, a negativation is in a possible state.
docs/testing.md shows how to use them::

    from hypothesis import given
    from credit_protection.testing.strategies import customers

    @given(customers())
    def test_my_host_keeps_a_customer_whole(customer): ...

A failing example shows the simplest value that still fails, as an expression that can go into `@example(...)`.
"""

from __future__ import annotations

from credit_protection.testing.strategies.bureaus import NATURE, capabilities, natures, products
from credit_protection.testing.strategies.documents_and_money import alphanumeric_cnpj, cnpj, cpf, documents, money
from credit_protection.testing.strategies.hosts import addresses, customers, invoices, overdue_invoices, subscriptions
from credit_protection.testing.strategies.negativation_states import negativations
from credit_protection.testing.strategies.operators import actors, calendars, candidates, guard_settings, integrations
from credit_protection.testing.strategies.payments import BALANCE, ledgers, settlements
from credit_protection.testing.strategies.shared import NOW, TODAY

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
