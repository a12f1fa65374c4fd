"""Verification: recompute a book from its facts, nightly and on demand."""
