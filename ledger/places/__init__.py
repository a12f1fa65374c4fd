"""Places: centers and the places under them, with the path by which everything below asks what is under what."""
