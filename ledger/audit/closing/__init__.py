"""Pages of closed months and frozen books."""
