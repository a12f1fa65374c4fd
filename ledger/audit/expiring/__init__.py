"""Pages of points that end."""
