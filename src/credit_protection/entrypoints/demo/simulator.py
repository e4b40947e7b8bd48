"""`credit-protection simulator`: the simulated bureau of the test kit."""

from credit_protection.testing.simulator import serve

__all__ = ["serve"]
