"""Verification: recomputing a book from its facts, each night and on demand."""
