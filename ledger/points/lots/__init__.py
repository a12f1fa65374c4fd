"""Lots: which points a member has, until when they are good, and what each transfer took from them."""
