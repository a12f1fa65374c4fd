"""The checks of a verification, a file for each kind of row; each recomputes from the facts alone."""
