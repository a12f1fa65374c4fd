"""Households: who lives with whom, now and at a time."""
