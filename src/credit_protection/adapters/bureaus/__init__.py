"""Bureaus: one folder for each gateway, all of the same shape: `gateway`, `wire`, `codes`, `errors`."""
