"""What answers in a network, seen from outside: TCP connections, and SSH before any login."""
