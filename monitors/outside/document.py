"""What was seen of one host from outside, as frozen values: the document that checks judge.

Kept as canonical JSON, so that equal views have equal bytes. Texts of strangers are escaped and cut
before they stand here.
"""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from inventory.frozen import Frozen

FORMAT = 1
EPOCH = datetime.fromtimestamp(0, UTC)


class Speaks(StrEnum):
    """What answers at an open TCP port."""

    SSH = "ssh"
    TLS = "tls"
    HTTP = "http"
    OTHER = "other"


class AccountOffer(Frozen):
    """The ways to log in that a server offers for an account; `problem` says why none is known.

    `none` stands for an account that is let in without any proof.
    """

    account: str
    methods: tuple[str, ...] = ()
    problem: str = ""


class SshServer(Frozen):
    """What an SSH server offers to anybody, in its own order (RFC 4253, 7.1)."""

    version: str = ""
    host_key: str | None = None
    key_exchanges: tuple[str, ...] = ()
    host_key_algorithms: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    accounts: tuple[AccountOffer, ...] = ()
    problem: str = ""


class TlsServer(Frozen):
    """What a TLS server shows and accepts.

    `certificates`: DER in base64, its own first, then what it sends with it. `trust_problem`:
    why neither the estate's authority nor the auditing machine's store vouches for it, empty when
    one does. `old_version`: what it takes below TLS 1.2; `weak_ciphers`: those of
    `ciphers.BROKEN` that it takes, by their names at IANA.
    """

    starttls: str = ""
    name: str = ""
    version: str = ""
    cipher: str = ""
    certificates: tuple[str, ...] = ()
    trust_problem: str = ""
    old_version: str = ""
    weak_ciphers: tuple[str, ...] = ()
    problem: str = ""


class HttpAnswer(Frozen):
    """The answer to one HEAD request: its status, and those headers that say something here."""

    status: int
    headers: dict[str, str] = Field(default_factory=dict)


class TcpPort(Frozen):
    """A port that took a connection."""

    port: int
    speaks: Speaks
    greeting: str = ""
    ssh: SshServer | None = None
    tls: TlsServer | None = None
    http: HttpAnswer | None = None


class UdpPort(Frozen):
    """A port that answered a datagram; `versions` are those of SNMP, as `v1` with `public`."""

    port: int
    service: str
    versions: tuple[str, ...] = ()


class AddressView(Frozen):
    """One address of the host; `source` is the looker's own towards it, empty without a route.

    Ports that are in none of the lists were not tried.
    """

    address: str
    source: str = ""
    tcp: tuple[TcpPort, ...] = ()
    refused: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()
    udp: tuple[UdpPort, ...] = ()
    udp_silent: tuple[int, ...] = ()

    @property
    def answers(self) -> bool:
        """Whether anything is there: something came back, were it only a refusal."""
        return bool(self.tcp or self.refused or self.udp)


class OutsideView(Frozen):
    """What was seen of a host from another machine, or the `problem` why nothing can be.

    `possible` is False where a view cannot be had from where the audit runs, which is no failure
    of anything; `host_key` is the one that is pinned for the host.
    """

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    host: str
    at: datetime
    seconds: float = Field(ge=0, allow_inf_nan=False)
    possible: bool = True
    problem: str = ""
    host_key: str | None = None
    names: tuple[str, ...] = ()
    any_certificate: bool = Field(
        default=False, description="a service of the host's may show a certificate of any authority"
    )
    unasked: dict[str, str] = Field(
        default_factory=dict, description="accounts not asked for, and why"
    )
    addresses: tuple[AddressView, ...] = ()

    @property
    def seen(self) -> tuple[AddressView, ...]:
        """The addresses at which anything answers."""
        return tuple(address for address in self.addresses if address.answers)

    def with_ports(self, more: "OutsideView") -> "OutsideView":
        """Return the view with the ports that a second look has tried, address by address."""
        second = {address.address: address for address in more.addresses}
        joined = tuple(
            _joined(address, second[address.address]) if address.address in second else address
            for address in self.addresses
        )
        return self.model_copy(
            update={"addresses": joined, "seconds": round(self.seconds + more.seconds, 3)}
        )

    def without_closed(self, later: "OutsideView") -> "OutsideView":
        """Return the view without the ports that a later look has found closed."""
        second = {address.address: address for address in later.addresses}
        left = tuple(
            _without_closed(address, second[address.address])
            if address.address in second
            else address
            for address in self.addresses
        )
        return self.model_copy(
            update={"addresses": left, "seconds": round(self.seconds + later.seconds, 3)}
        )

    @property
    def summary(self) -> tuple[str, ...]:
        """What was seen, one line an address."""
        if self.problem:
            return (self.problem,)
        return tuple(_summary(address) for address in self.addresses)


def unseen(host: str) -> OutsideView:
    """Return what stands for a view that nobody has taken or kept."""
    problem = "no outside view was taken with this bundle"
    return OutsideView(host=host, at=EPOCH, seconds=0, problem=problem)


def _summary(address: AddressView) -> str:
    tcp = [f"tcp {port.port} {port.speaks}" for port in address.tcp]
    udp = [f"udp {port.port} {' '.join((port.service, *port.versions))}" for port in address.udp]
    seen = ", ".join((*tcp, *udp)) or "nothing answers"
    return f"{address.address} from {address.source or 'nowhere: no route'}: {seen}"


def _joined(first: AddressView, second: AddressView) -> AddressView:
    return first.model_copy(
        update={
            "tcp": tuple(sorted((*first.tcp, *second.tcp), key=lambda port: port.port)),
            "refused": tuple(sorted((*first.refused, *second.refused))),
            "silent": tuple(sorted((*first.silent, *second.silent))),
        }
    )


def _without_closed(first: AddressView, later: AddressView) -> AddressView:
    closed = {*later.refused, *later.silent}
    return first.model_copy(
        update={
            "tcp": tuple(port for port in first.tcp if port.port not in closed),
            "refused": tuple(sorted({*first.refused, *later.refused})),
            "silent": tuple(sorted({*first.silent, *later.silent})),
            "udp": tuple(port for port in first.udp if port.port not in later.udp_silent),
            "udp_silent": tuple(sorted({*first.udp_silent, *later.udp_silent})),
        }
    )
