"""The console: is all well, and what to do first."""
