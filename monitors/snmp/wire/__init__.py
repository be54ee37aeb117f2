"""SNMP on the wire: a thin codec of v1, v2c and v3 authPriv, for collectors and for replays.

Bytes in, values out, no I/O. Every length is checked against the datagram that it lies in, and
whatever is wrong with a datagram is a ``client.BadAnswerError``.
"""
