"""How workers are woken: one process (`embedded`) or many machines."""
