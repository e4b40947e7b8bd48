"""Rows to domain values and back, explicitly: one module per aggregate."""
