"""What a machine on any hypervisor is created with, and the proof that it is that machine."""
