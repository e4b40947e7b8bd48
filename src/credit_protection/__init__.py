"""Credit protection for ERPs: credit queries, negativation, and removal by itself when the debt is paid.

Importing this package loads no adapter, no SQLAlchemy, no httpx and no container: an ERP pays little at start-up.
"""

from __future__ import annotations

from credit_protection.facade import CreditProtection
from credit_protection.plugins import hookimpl, plugin_manager

__all__ = ["CreditProtection", "hookimpl", "plugin_manager"]
