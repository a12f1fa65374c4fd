"""Names for accounts, people, causes and differences on pages."""
