"""Rules: what a deed earns, in versions."""
