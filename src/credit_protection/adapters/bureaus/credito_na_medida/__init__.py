"""Crédito na Medida, by the declared contract, which is assumed and was never tried against the vendor.

See docs/gateways/credito_na_medida.md. Only `wire` and `codes` know paths, fields and codes.
"""
