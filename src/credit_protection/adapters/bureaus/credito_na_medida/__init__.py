"""Crédito na Medida, by the declared contract: assumed, never tried against the vendor.

See docs/gateways/credito_na_medida.md. What is assumed of the wire stands in `wire` and `codes` alone.
"""
