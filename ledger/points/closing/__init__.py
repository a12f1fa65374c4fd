"""What keeps a book shut: closed months and frozen books."""
