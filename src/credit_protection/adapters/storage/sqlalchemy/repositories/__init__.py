"""The repositories of the storage port: one module per aggregate."""
