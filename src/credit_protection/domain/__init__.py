"""The rules: pure values and functions. No I/O, no clock, no framework.

Read `negativations` first (the table of what to do next), then `removals`, `guards` and `observations`.
"""
