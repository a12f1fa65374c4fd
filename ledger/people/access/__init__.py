"""Access: log-ins, passwords, sessions, staff and their roles."""
