"""The book itself: batches of transfers written under locks, accounts, balances and statements."""
