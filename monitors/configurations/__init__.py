"""Configurations of network gear: read over SSH, redacted, kept in git."""
