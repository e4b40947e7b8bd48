"""The ERP's readings compared with what this software wants and knows. All functions are pure.

`readings` keeps what the ERP said and since when, `rechecks` what must be read again. `entries` says what a reading
writes into the ledger. `erp_side` finds the differences of one negativation, and `policies` what they do by themselves,
as far as the `brake` allows.
"""
