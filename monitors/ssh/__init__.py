"""Hosts over SSH, or on this machine: the way in, and commands run there. Knows paramiko."""
