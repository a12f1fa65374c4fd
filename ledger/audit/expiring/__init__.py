"""Pages for expiring points."""
