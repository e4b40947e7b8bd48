"""The rules: pure values and functions. No I/O, no clock, no framework.

Read `negativations` first (the table of what to do next), then `removals`, `guards` and `observations`.

Everywhere: an instant is UTC, and so is `now`; `today` is the creditor's date, and `calendar` the creditor's; money is
BRL; `capabilities` are those of the gateway, and a `policy` is the integration's.
"""
