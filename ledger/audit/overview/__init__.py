"""The console: overall state, and first steps for a new center."""
