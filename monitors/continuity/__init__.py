"""Continuity: recovery objectives, backup status and restore drills, as values and metrics."""
