"""Corrections: an adjustment by two people, a credit taken back."""
