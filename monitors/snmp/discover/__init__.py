"""What devices say of each other, held against the inventory: `bastide snmp discover`."""
