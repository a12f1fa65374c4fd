"""Kernel: database, time, ids, errors and permissions; it depends on no capability."""
