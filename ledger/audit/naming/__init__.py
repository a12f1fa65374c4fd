"""What accounts, people, causes and differences are called where they are shown."""
