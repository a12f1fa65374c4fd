"""Pages for closed months and frozen books."""
