"""Traps and informs: received in a process of their own, counted, logged, and acted upon."""
