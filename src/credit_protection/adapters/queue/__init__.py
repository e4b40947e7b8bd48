"""Queue engines: `embedded` wakes the workers of one process, `procrastinate` those of many machines."""
