"""Contracts: abstract tests that ship in the wheel. An adapter's whole test file is a subclass with a fixture."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING

import pytest

from credit_protection._lazy import lazy_names

if TYPE_CHECKING:
    from credit_protection.testing.contracts.host import Debtor, ErpDriver, HostErpContract, HostFixture, InvoiceSpec
    from credit_protection.testing.contracts.queue import NewEngine, SharedTasks, TransmissionQueueContract
    from credit_protection.testing.contracts.storage import StorageContract

__all__ = [
    "Debtor",
    "ErpDriver",
    "HostErpContract",
    "HostFixture",
    "InvoiceSpec",
    "NewEngine",
    "SharedTasks",
    "StorageContract",
    "TransmissionQueueContract",
]

# Else their asserts would say no more than that they failed.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

__getattr__ = lazy_names(
    __name__,
    {
        "testing.contracts.host": "Debtor ErpDriver HostErpContract HostFixture InvoiceSpec",
        "testing.contracts.queue": "NewEngine SharedTasks TransmissionQueueContract",
        "testing.contracts.storage": "StorageContract",
    },
)
