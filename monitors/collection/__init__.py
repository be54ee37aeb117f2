"""Reading a host: what is asked, what comes back, and how, for all that read hosts."""
