"""What stands where in the town, and who may log in; the one table that code and tests read.

Everything is below 172.27.10.0/24 and fd27:10::/64 for the first town on a machine; each further
one at the same time has the next number in place of 10. The lab and the tests use 10.0.0.0/8 and
the ranges for documentation.
"""

from dataclasses import dataclass
from pathlib import Path

STATE = Path("/var/lib/strange-town")
FIRST_RANGE = 10
RANGES = 16
OUTSIDE = "172.27.10.1/26"  # this machine's own address, on the front network
OUTSIDE_6 = "fd27:10::1/64"
# Where the addresses stand in the images, to be replaced in a town on another range.
IN_RANGE = ("172.27.10.", "fd27:10::")


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface of a host, and the network (`front` or `inside`) that it is on."""

    interface: str
    network: str


@dataclass(frozen=True, slots=True)
class Login:
    """An account that the town's key opens; `sudo`: how it becomes root.

    One of `root` (it is), `passwordless`, `password`, `none` (it may not).
    """

    user: str
    sudo: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """A host as the town's people know it; the first login is the administrator's."""

    name: str
    hostname: str
    links: tuple[Link, ...]
    addresses: tuple[str, ...]
    logins: tuple[Login, ...]
    port: int = 22
    jump: str | None = None


FRONT, INSIDE = "front", "inside"
PLANS = (
    HostPlan(
        "jump",
        "skok",
        (Link("eth0", FRONT), Link("eth1", INSIDE)),
        ("172.27.10.10", "172.27.10.74", "fd27:10::10"),
        (Login("hop", "none"),),
    ),
    HostPlan(
        "web",
        "srv-web01",
        (Link("ens18", FRONT), Link("ens19", INSIDE)),
        ("172.27.10.84", "172.27.10.25", "fd27:10::25"),
        (Login("itadmin", "password", "Gradac-1389-sudo"),),
        port=2222,
        jump="jump",
    ),
    HostPlan(
        "files",
        "fajlovi",
        (Link("enp1s0", FRONT),),
        ("172.27.10.20", "fd27:10::20"),
        (
            Login("sysadmin", "passwordless"),
            Login("root", "root"),
            Login("referent", "none"),
            Login("pricalica", "passwordless"),
        ),
    ),
    HostPlan(
        "new",
        "nova",
        (Link("enp6s18", FRONT),),
        ("172.27.10.30", "fd27:10::30"),
        (Login("root", "root"), Login("itadmin", "password", "Nova-lozinka-2026")),
    ),
    HostPlan("bare", "mali", (Link("eth0", FRONT),), ("172.27.10.40",), (Login("root", "root"),)),
)


@dataclass(frozen=True, slots=True)
class Ids:
    """How a town's things are called in the kernel and on disk."""

    town: str

    @property
    def folder(self) -> Path:
        """The town's disks and record."""
        return STATE / self.town

    @property
    def core(self) -> str:
        """The network namespace with the bridges."""
        return f"town-{self.town}-core"

    @property
    def uplink(self) -> str:
        """The link on this machine that leads to the front network."""
        return f"town-{self.town}"

    def namespace(self, host: str) -> str:
        """Return the network namespace of a host."""
        return f"town-{self.town}-{host}"

    def group(self, host: str) -> str:
        """Return the control group of a host, and its machine name."""
        return f"town-{self.town}-{host}"


def in_range(text: str, number: int) -> str:
    """Return a text with the first town's addresses replaced by those of another range."""
    for first in IN_RANGE:
        text = text.replace(first, first.replace("10", str(number), 1))
    return text
