"""Kernel: database, time, ids, errors and permissions; it knows no capability."""
