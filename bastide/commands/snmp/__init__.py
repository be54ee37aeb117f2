"""`bastide snmp`: what devices say over SNMP."""
