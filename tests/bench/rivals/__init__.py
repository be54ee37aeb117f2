"""Other SNMP collectors, asked for the same columns of the same switches."""
