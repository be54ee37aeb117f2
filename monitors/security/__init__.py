"""Security: controls as a table, checks as plain testinfra, one SSH exchange a host."""
