"""People: identities, volunteers, staff, log-in, cards."""
