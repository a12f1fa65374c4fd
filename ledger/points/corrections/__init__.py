"""Corrections: adjustments by two people, and clawed-back awards."""
