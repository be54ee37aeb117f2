"""What a machine on any hypervisor is born with, and the proof that it is the one that was made."""
