"""Backups and drills: what is expected, what was found, and what is not known."""
