"""Import of a station's existing list of volunteers from a spreadsheet."""
