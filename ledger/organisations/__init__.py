"""Organisations: centers, the places under them, and teams."""
