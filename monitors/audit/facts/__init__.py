"""What checks read of a host: the output of commands as plain values."""
