"""The raw ledger: transfers between free accounts, in all-or-nothing chains."""
