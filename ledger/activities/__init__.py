"""Activities, their shifts and sign-ups."""
