"""Crédito na Medida, made up after the declared contract that the adapter is written against."""

from __future__ import annotations

from credit_protection.testing.simulator.credito_na_medida.bureau import CreditoNaMedida

__all__ = ["CreditoNaMedida"]
