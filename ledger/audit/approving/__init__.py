"""Pages for decisions that take two people."""
