"""Adapters: what implements the ports."""
