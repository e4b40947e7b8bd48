"""The use cases, one module a family. Transaction boundaries and permissions live here, and nowhere else."""
