"""Trace a transfer back to its evidence, and show the statement of an account."""
