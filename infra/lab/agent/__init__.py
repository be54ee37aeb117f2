"""Simulated SNMP agents: the lab's switches and UPSs, one process a device."""
