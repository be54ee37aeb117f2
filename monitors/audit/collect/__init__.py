"""One exchange with a host, and the bundle that comes back."""
