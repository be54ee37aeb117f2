"""The command: the one place that may import every organ."""
