"""From a transfer back to its evidence, and the statement of an account."""
