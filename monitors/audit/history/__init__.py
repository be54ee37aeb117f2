"""The history of audits, in SQLite or PostgreSQL: since when controls fail, scores over time."""
