"""What was found when: the history of audits, in SQLite or PostgreSQL."""
