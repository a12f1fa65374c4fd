"""Lots: a member's points by last good day, and what each transfer took from them."""
