"""Closed months and frozen books."""
