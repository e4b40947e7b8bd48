"""A fictitious Crédito na Medida, by the declared contract that the adapter uses."""

from __future__ import annotations

from credit_protection.testing.simulator.credito_na_medida.bureau import CreditoNaMedida

__all__ = ["CreditoNaMedida"]
