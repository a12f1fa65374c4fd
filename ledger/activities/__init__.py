"""Activities, their shifts, and who has signed up."""
