"""Check-in: from a scan to hours to points."""
