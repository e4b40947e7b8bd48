"""Hypothesis strategies for authors of hosts, gateways and guards: made-up people, debts and payments.

What they give is consistent: check digits are right, an overdue invoice is overdue, a negativation is in a state that
can be. docs/testing.md shows them at work::

    from hypothesis import given
    from credit_protection.testing.strategies import customers

    @given(customers())
    def test_my_host_keeps_a_customer_whole(customer): ...

All of them shrink: a failing example is shown with the simplest person, debt or payment that still fails.
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
