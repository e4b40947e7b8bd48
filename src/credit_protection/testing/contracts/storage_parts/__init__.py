"""The parts of the storage contract: one module per aggregate, three for negativations."""
