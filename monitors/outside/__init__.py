"""What a host shows to anybody who can reach it: ports, SSH before a login, TLS, SNMP, HTTP."""
