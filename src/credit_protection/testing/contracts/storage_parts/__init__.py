"""The parts of the storage contract: one module per aggregate."""
