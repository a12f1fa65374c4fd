"""Home: the page each role lands on."""
