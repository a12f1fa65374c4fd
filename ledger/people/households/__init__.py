"""Households: people who live together, now and at a time."""
