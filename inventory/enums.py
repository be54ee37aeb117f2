"""The closed sets of values that the inventory, the playbooks and the metrics share."""

from enum import StrEnum


class Tier(StrEnum):
    """How large a municipality is; it picks defaults (see tiers.py)."""

    VILLAGE = "village"
    TOWN = "town"
    CITY = "city"


class ProviderName(StrEnum):
    """Where a host or device comes from: made in the lab or on a hypervisor, or there already."""

    LAB = "lab"
    EXISTING = "existing"
    LIBVIRT = "libvirt"
    PROXMOX = "proxmox"


class StackLayout(StrEnum):
    """How the state of provisioning is kept: one for the estate, or one for each municipality."""

    ESTATE = "estate"
    MUNICIPALITY = "municipality"


class Level(StrEnum):
    """How far a host is managed, from the least to the most."""

    WATCH = "watch"
    AUDIT = "audit"
    BASELINE = "baseline"
    FULL = "full"


class ConnectionKind(StrEnum):
    """How a host is reached: over SSH, or not at all since it is this very machine."""

    SSH = "ssh"
    LOCAL = "local"


class Platform(StrEnum):
    """What network gear runs: how its configuration is asked for, and where secrets stand in it."""

    IOS = "ios"
    EOS = "eos"
    PROCURVE = "procurve"
    ARUBA_CX = "aruba_cx"
    COMWARE = "comware"
    VRP = "vrp"
    JUNOS = "junos"
    VYOS = "vyos"
    EDGEOS = "edgeos"
    ROUTEROS = "routeros"
    FORTIOS = "fortios"
    OPENWRT = "openwrt"


class System(StrEnum):
    """What a host runs, as far as it decides whether Bastide can configure it."""

    LINUX = "linux"
    WINDOWS = "windows"


class ExporterName(StrEnum):
    """A program that is on a host already and gives Prometheus its metrics."""

    NODE = "node_exporter"
    WINDOWS = "windows_exporter"


class CertificateTrust(StrEnum):
    """Whose certificates a service may show: those that browsers accept, or any."""

    AUTHORITIES = "authorities"
    ANY = "any"


class Role(StrEnum):
    """What a host does beyond the baseline that every host gets; one Ansible group each."""

    EDGE = "edge"
    RESOLVER = "resolver"
    WEB = "web"
    DATABASE = "database"
    FILE_SERVER = "file_server"
    SNMP_AGENT = "snmp_agent"
    OPERATIONS = "operations"
    VAULT = "vault"
    SCRATCH = "scratch"


class DeviceKind(StrEnum):
    """What a device managed over SNMP is; `radio` is a wireless link, `bmc` a server's own one."""

    SWITCH = "switch"
    ROUTER = "router"
    FIREWALL = "firewall"
    ACCESS_POINT = "access_point"
    RADIO = "radio"
    MODEM = "modem"
    UPS = "ups"
    PDU = "pdu"
    STORAGE = "storage"
    BMC = "bmc"
    PRINTER = "printer"
    CAMERA = "camera"
    SENSOR = "sensor"


class SnmpVersion(StrEnum):
    """How a device is polled: a community in clear (1, 2c) or authPriv (3)."""

    V1 = "1"
    V2C = "2c"
    V3 = "3"


class Continuity(StrEnum):
    """What the loss of a service costs, A most; it picks RPO, RTO and all else (tiers.py)."""

    A = "A"
    B = "B"
    C = "C"


class Access(StrEnum):
    """Who may reach a listening port; the firewall role turns each into addresses."""

    MANAGEMENT = "management"
    CENTRAL = "central"
    SITE = "site"
    ESTATE = "estate"
    ANYWHERE = "anywhere"


class Protocol(StrEnum):
    """The transport of a listening port."""

    TCP = "tcp"
    UDP = "udp"


class Weekday(StrEnum):
    """A day of the week, in the order of `datetime.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


# The devices that the lab can simulate (see infra/lab/agent).
LAB_DEVICE_KINDS = frozenset({DeviceKind.SWITCH, DeviceKind.UPS})
