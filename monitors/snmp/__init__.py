"""SNMP: the inventory's devices asked by profile, answers as metrics."""
