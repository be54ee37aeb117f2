"""A bundle held against the controls: each check run, each outcome a result."""
