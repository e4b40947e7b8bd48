"""The rows of the shipped contract, for the engines' own tests."""

from credit_protection.testing.contracts.queue_parts.rows import Clock, Rows, until

__all__ = ["Clock", "Rows", "until"]
