"""Who may act: log-ins, passwords, sessions, staff and their roles."""
