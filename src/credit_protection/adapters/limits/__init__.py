"""Rate limits across processes: pyrate-limiter's buckets, in a SQLite file or in PostgreSQL."""

from __future__ import annotations

from credit_protection.adapters.limits.buckets import BucketLimits

__all__ = ["BucketLimits"]
