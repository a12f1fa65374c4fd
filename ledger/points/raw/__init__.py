"""The raw ledger: transfers between free accounts, in chains that stand or fall together."""
