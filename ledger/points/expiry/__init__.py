"""Expiry: runs prepared and released by two people, and the API of lots and runs."""
