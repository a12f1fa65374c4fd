"""The checks of a verification, one file per kind of row. Each recomputes from the facts alone."""
