"""Import of the list of volunteers that a station has today, from a spreadsheet."""
