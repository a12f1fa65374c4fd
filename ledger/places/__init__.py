"""Places: centers and the places under them, with paths that tell which place is under which."""
