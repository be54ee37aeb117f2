"""A town of servers that nobody of ours made: what Bastide meets on its first day there."""
