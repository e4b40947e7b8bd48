"""Adapters: the deeds behind the ports."""
