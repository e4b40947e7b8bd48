"""Rate limits across processes: pyrate-limiter's buckets, in a SQLite file or in PostgreSQL."""
