"""A host in one local file of HubSoft's shape: a made-up provider to try the package with."""

from credit_protection.adapters.hosts.local.erp import Imported, LocalErp

__all__ = ["Imported", "LocalErp"]
