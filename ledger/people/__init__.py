"""People: identities, volunteers, households, staff, log-in, cards."""
