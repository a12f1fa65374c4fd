"""Volunteers and their cards: registering, finding, listing."""
