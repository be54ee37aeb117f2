"""Recordings and simulated devices served as SNMP agents over UDP, in v1, v2c and v3."""
