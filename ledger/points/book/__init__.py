"""The book: batches of transfers written under locks, accounts, balances and statements."""
