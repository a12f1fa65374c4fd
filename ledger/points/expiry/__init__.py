"""Points that end: lots, runs prepared and released by two people, and the API that shows them."""
