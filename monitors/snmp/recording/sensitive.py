"""Which objects tell who and where: the tables that ``mask`` goes by, as OIDs.

Only what MIBs define is known here; patterns in text catch some of what vendors put elsewhere.
"""

from monitors.snmp import oid


def _all(*dotted: str) -> tuple[bytes, ...]:
    return tuple(map(oid.encode, dotted))


# Left out as a whole: communities, users and where traps go, partly within indexes (RFC 3413,
# 3414, 3415, 3584); users of LanMgr; trap receivers of PowerNet; JetDirect's password.
CREDENTIALS = _all(
    "1.3.6.1.6.3.12",
    "1.3.6.1.6.3.13",
    "1.3.6.1.6.3.14",
    "1.3.6.1.6.3.15.1.2",
    "1.3.6.1.6.3.16",
    "1.3.6.1.6.3.18",
    "1.3.6.1.4.1.77.1.2.25",
    "1.3.6.1.4.1.318.2.1",
    "1.3.6.1.4.1.11.2.3.9.1.1.13",
)

# Texts that are replaced as a whole, and wherever else they occur.
NAMES = _all(
    "1.3.6.1.2.1.1.4",  # sysContact
    "1.3.6.1.2.1.1.5",  # sysName
    "1.3.6.1.2.1.1.6",  # sysLocation
    "1.3.6.1.2.1.33.1.1.5",  # upsIdentName
    "1.3.6.1.2.1.33.1.1.6",  # upsIdentAttachedDevices
    "1.3.6.1.2.1.43.5.1.1.2",  # prtGeneralCurrentOperator
    "1.3.6.1.2.1.43.5.1.1.3",  # prtGeneralServicePerson
    "1.0.8802.1.1.2.1.3.3",  # lldpLocSysName
    "1.0.8802.1.1.2.1.4.1.1.9",  # lldpRemSysName
    "1.3.6.1.4.1.9.9.23.1.2.1.1.6",  # cdpCacheDeviceId
    "1.3.6.1.4.1.9.9.23.1.2.1.1.17",  # cdpCacheSysName
)
SERIALS = _all(
    "1.3.6.1.2.1.43.5.1.1.17",  # prtGeneralSerialNumber
    "1.3.6.1.2.1.47.1.1.1.1.11",  # entPhysicalSerialNum
    "1.3.6.1.2.1.47.1.1.1.1.15",  # entPhysicalAssetID
    "1.3.6.1.4.1.9.3.6.3",  # Cisco: chassisId
    "1.3.6.1.4.1.11.2.36.1.1.2.9",  # HP: hpHttpMgSerialNumber
    "1.3.6.1.4.1.318.1.1.1.1.2.3",  # PowerNet: upsAdvIdentSerialNumber
    "1.3.6.1.4.1.674.10892.5.1.3.2",  # Dell: systemServiceTag
    "1.3.6.1.4.1.6574.1.5.2",  # Synology: serialNumber
    "1.3.6.1.4.1.12356.100.1.1.1",  # Fortinet: fnSysSerial
    "1.3.6.1.4.1.14988.1.1.7.3",  # MikroTik: mtxrSerialNumber
    "1.3.6.1.4.1.48690.1.1",  # Teltonika: serial
)
# Texts that are replaced, but may be words that mean something elsewhere.
DESCRIPTIONS = _all(
    "1.3.6.1.2.1.25.4.2.1.5",  # hrSWRunParameters: command lines
    "1.3.6.1.2.1.31.1.1.1.18",  # ifAlias
    "1.3.6.1.2.1.47.1.1.1.1.14",  # entPhysicalAlias
)
ENGINE_ID = oid.encode("1.3.6.1.6.3.10.2.1.1")

# Objects whose six octets are hardware addresses, whatever they look like.
MACS = _all(
    "1.3.6.1.2.1.2.2.1.6",  # ifPhysAddress
    "1.3.6.1.2.1.3.1.1.2",  # atPhysAddress
    "1.3.6.1.2.1.4.22.1.2",  # ipNetToMediaPhysAddress
    "1.3.6.1.2.1.4.35.1.4",  # ipNetToPhysicalPhysAddress
    "1.3.6.1.2.1.17.1.1",  # dot1dBaseBridgeAddress
    "1.3.6.1.2.1.17.4.3.1.1",  # dot1dTpFdbAddress
)
# BridgeIds: a priority, then a hardware address (IEEE 802.1D).
BRIDGES = _all("1.3.6.1.2.1.17.2.5", "1.3.6.1.2.1.17.2.15.1.6", "1.3.6.1.2.1.17.2.15.1.8")
# Sets of ports, which may look like hardware addresses (RFC 4188 and 4363).
PORT_LISTS = _all("1.3.6.1.2.1.17.5", "1.3.6.1.2.1.17.6", "1.3.6.1.2.1.17.7")
# LLDP's ids: hardware addresses, or a family and a network address (IEEE 802.1AB).
LLDP_IDS = _all("1.0.8802.1.1.2.1.3.2", "1.0.8802.1.1.2.1.4.1.1.5", "1.0.8802.1.1.2.1.4.1.1.7")

# Entries of tables whose indexes hold addresses. After the column: i one number, a an IPv4
# address, m a hardware address, n a kind, a length and the octets (RFC 4001), o a length and
# numbers.
INDEXES: tuple[tuple[bytes, str], ...] = tuple(
    (oid.encode(dotted), parts)
    for dotted, parts in {
        "1.3.6.1.2.1.3.1.1": "iia",  # at
        "1.3.6.1.2.1.4.20.1": "a",  # ipAddr
        "1.3.6.1.2.1.4.21.1": "a",  # ipRoute
        "1.3.6.1.2.1.4.22.1": "ia",  # ipNetToMedia
        "1.3.6.1.2.1.4.24.4.1": "aaia",  # ipCidrRoute
        "1.3.6.1.2.1.4.24.7.1": "nion",  # inetCidrRoute
        "1.3.6.1.2.1.4.32.1": "in",  # ipAddressPrefix
        "1.3.6.1.2.1.4.34.1": "n",  # ipAddress
        "1.3.6.1.2.1.4.35.1": "in",  # ipNetToPhysical
        "1.3.6.1.2.1.4.37.1": "n",  # ipDefaultRouter
        "1.3.6.1.2.1.6.13.1": "aiai",  # tcpConn
        "1.3.6.1.2.1.6.19.1": "nini",  # tcpConnection
        "1.3.6.1.2.1.6.20.1": "ni",  # tcpListener
        "1.3.6.1.2.1.7.5.1": "ai",  # udp
        "1.3.6.1.2.1.7.7.1": "nini",  # udpEndpoint
        "1.3.6.1.2.1.14.2.1": "a",  # ospfArea
        "1.3.6.1.2.1.14.4.1": "aiaa",  # ospfLsdb
        "1.3.6.1.2.1.14.7.1": "ai",  # ospfIf
        "1.3.6.1.2.1.14.8.1": "ai",  # ospfIfMetric
        "1.3.6.1.2.1.14.10.1": "ai",  # ospfNbr
        "1.3.6.1.2.1.15.3.1": "a",  # bgpPeer
        "1.3.6.1.2.1.15.6.1": "aia",  # bgp4PathAttr
        "1.3.6.1.2.1.17.4.3.1": "m",  # dot1dTpFdb
        "1.3.6.1.2.1.17.7.1.2.2.1": "im",  # dot1qTpFdb
        "1.3.6.1.2.1.17.7.1.3.1.1": "im",  # dot1qStaticUnicast
        "1.0.8802.1.1.2.1.3.8.1": "n",  # lldpLocManAddr
        "1.0.8802.1.1.2.1.4.2.1": "iiin",  # lldpRemManAddr
        "1.3.6.1.4.1.14988.1.1.1.2.1": "mi",  # MikroTik: mtxrWlRtab
        "1.3.6.1.4.1.41112.1.4.7.1": "im",  # Ubiquiti: ubntStaTable
    }.items()
)


def below(oid_octets: bytes, trees: tuple[bytes, ...]) -> bool:
    """Whether an OID lies in one of the subtrees."""
    return oid_octets.startswith(trees)
