"""Pages of what takes two people."""
