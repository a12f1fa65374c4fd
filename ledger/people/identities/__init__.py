"""Identities: the people of a center, each with a log-in of that center alone."""
