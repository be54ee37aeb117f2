"""Neighbours against the inventory."""
