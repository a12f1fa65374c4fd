"""Audit: trial balance, balances as of a time, traces, and the check of all of it."""
