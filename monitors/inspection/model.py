"""What was read of a host, subject by subject; all text in it is safe to show.

`None` and "" stand for what the host did not say.
"""

import re

from inventory.frozen import Frozen
from monitors.inspection.values import HostText

LOCAL = ("127.", "[::1]", "::1", "[::ffff:127.")
# From here on the kernel gives ports to whoever asks for any: another one after each start.
FIRST_EPHEMERAL = 32768
# What starts any program, as sudoers names it, with nothing that would bind it to less.
SHELL = re.compile(r"/\S*/(?:ba|da|k|z|c|tc)?sh|/\S*/su( -l?| root| - root)?|/\S*/(?:env|sudo)")


class System(Frozen):
    """The operating system, and what it runs in; `container` and `machine` are virtualisation."""

    name: HostText = ""
    id: HostText = ""
    version: HostText = ""
    title: HostText = ""
    kernel: HostText = ""
    architecture: HostText = ""
    container: HostText = ""
    virtual_machine: HostText = ""
    python: HostText = ""
    forwards_ipv4: bool = False
    forwards_ipv6: bool = False


class Interface(Frozen):
    """A network interface with its addresses, each with its prefix length.

    `advertised` are those that the kernel has from a router's advertisements (RFC 4862).
    """

    name: HostText
    mac: HostText = ""
    addresses: tuple[HostText, ...] = ()
    advertised: tuple[HostText, ...] = ()


class Route(Frozen):
    """Where packets for a network go; `to` is `default` or a network."""

    to: HostText
    via: HostText = ""
    interface: HostText = ""


class Listener(Frozen):
    """A socket that waits for others; `unit`, `package` and `container` are of its program.

    `tunnel`: it is WireGuard's, of the kernel or of a program. `fixed`: a file names its port.
    """

    protocol: HostText
    address: HostText
    port: int
    process: HostText = ""
    unit: HostText = ""
    package: HostText = ""
    container: HostText = ""
    tunnel: bool = False
    fixed: bool = False

    @property
    def is_local(self) -> bool:
        """Whether only programs of the same host can reach it."""
        return self.address.startswith(LOCAL)

    @property
    def is_lasting(self) -> bool:
        """Whether it is at the same port after the next start."""
        return self.fixed or 0 < self.port < FIRST_EPHEMERAL


class PortsOnDemand(Frozen):
    """Ports that a server opens only while somebody uses them, the first and the last."""

    protocol: HostText
    first: int
    last: int
    process: HostText


class Protocol(Frozen):
    """An IP protocol without ports that a program, or the kernel, takes in; `of` is for what."""

    number: int
    of: HostText


class Peers(Frozen):
    """Who is connected to a port of the host now, each address once."""

    port: int
    addresses: tuple[HostText, ...]
    protocol: HostText = "tcp"


class TunnelPeer(Frozen):
    """Whom a WireGuard interface lets in, by public key, and the networks that are theirs.

    `endpoint` is the address that they were last heard from.
    """

    key: HostText
    networks: tuple[HostText, ...] = ()
    endpoint: HostText = ""
    connected: bool = False


class Tunnel(Frozen):
    """A WireGuard interface; its port and peers are not known where there is no wg(8)."""

    interface: HostText
    port: int | None = None
    peers: tuple[TunnelPeer, ...] = ()


class AuthorizedKey(Frozen):
    """A public key that logs in to an account; `options` are those that stand before it."""

    kind: HostText
    fingerprint: HostText
    comment: HostText = ""
    options: HostText = ""
    file: HostText = ""

    @property
    def is_in_usual_file(self) -> bool:
        """Whether it is where sshd looks once Bastide has configured it (roles/ssh)."""
        return not self.file or self.file.endswith("/.ssh/authorized_keys")


class Account(Frozen):
    """An account; `password` is set, locked, empty or "" when it was not read."""

    name: HostText
    uid: int
    shell: HostText
    has_shell: bool
    password: HostText = ""
    groups: tuple[HostText, ...] = ()
    keys: tuple[AuthorizedKey, ...] = ()

    @property
    def may_log_in(self) -> bool:
        """Whether there is a way to prove who one is.

        A key needs no shell: SFTP of sshd's own and tunnels work without one.
        """
        return bool(self.keys) or (self.has_shell and self.password in ("set", "empty"))


class SudoRule(Frozen):
    """Who may run what as whom; `who` is a user, `%group` or an alias already resolved."""

    who: HostText
    run_as: HostText
    commands: HostText
    asks_password: bool
    file: HostText

    @property
    def is_root(self) -> bool:
        """Whether it makes them root: every command or a shell, as root or anybody."""
        whom = {name.strip() for name in self.run_as.partition(":")[0].split(",")}
        whatever = self.commands == "ALL" or bool(SHELL.fullmatch(self.commands))
        return whatever and not whom & {"!root", "!#0"} and bool(whom & {"ALL", "root", "#0"})


class SshServer(Frozen):
    """The SSH server's effective settings; each is as `sshd -T` writes it.

    `key_sources` are ways to log in that no account's own files show: an authority's certificates,
    a program that prints keys. `own_sftp`: it serves files to accounts that have no shell.
    `takes_passwords`: of anybody at all.
    """

    ports: tuple[int, ...] = ()
    permit_root_login: HostText = ""
    password_authentication: HostText = ""
    allow_users: tuple[HostText, ...] = ()
    allow_groups: tuple[HostText, ...] = ()
    deny_users: tuple[HostText, ...] = ()
    deny_groups: tuple[HostText, ...] = ()
    authorized_keys_files: tuple[HostText, ...] = ()
    key_sources: tuple[HostText, ...] = ()
    own_sftp: bool = False
    takes_passwords: bool = False


class Chain(Frozen):
    """A chain of rules; `hook` and `policy` are "" for one that only others jump to."""

    table: HostText
    name: HostText
    hook: HostText = ""
    policy: HostText = ""
    rules: tuple[HostText, ...] = ()
    owner: HostText = ""


class Firewall(Frozen):
    """The rules in force, and the programs that write them."""

    managers: tuple[HostText, ...] = ()
    chains: tuple[Chain, ...] = ()
    allowed: tuple[HostText, ...] = ()
    jails: tuple[HostText, ...] = ()


class Container(Frozen):
    """A container that runs; `published` are ports as the engine writes them."""

    engine: HostText
    name: HostText
    image: HostText = ""
    published: tuple[HostText, ...] = ()
    networks: tuple[HostText, ...] = ()


class ContainerNetwork(Frozen):
    """A network of a container engine."""

    engine: HostText
    name: HostText
    driver: HostText = ""
    subnets: tuple[HostText, ...] = ()


class Certificate(Frozen):
    """A certificate of a service; `ends` is the last moment it holds, ISO 8601 in UTC."""

    file: HostText
    names: tuple[HostText, ...] = ()
    issuer: HostText = ""
    ends: HostText = ""
    problem: HostText = ""


class WebSite(Frozen):
    """A site of a web server; `upstreams` are what it hands requests on to."""

    server: HostText
    names: tuple[HostText, ...] = ()
    ports: tuple[int, ...] = ()
    tls: bool = False
    certificate: HostText = ""
    root: HostText = ""
    upstreams: tuple[HostText, ...] = ()
    file: HostText = ""


class Database(Frozen):
    """A database server and what it holds, in bytes; `problem` says why it did not answer."""

    engine: HostText
    version: HostText = ""
    port: int | None = None
    listens: HostText = ""
    folder: HostText = ""
    databases: tuple[tuple[HostText, int], ...] = ()
    problem: HostText = ""


class Share(Frozen):
    """A folder that others use over the network; `users` is who may, as it is written."""

    kind: HostText
    name: HostText
    path: HostText
    users: HostText = ""
    writable: bool = False


class Clock(Frozen):
    """Time: the zone, and the servers by the file that names them."""

    zone: HostText = ""
    servers: tuple[HostText, ...] = ()


class Names(Frozen):
    """Name service: the servers asked, the domains searched, and names of the host's own."""

    servers: tuple[HostText, ...] = ()
    search: tuple[HostText, ...] = ()
    own: tuple[HostText, ...] = ()


class Job(Frozen):
    """What runs by itself: a timer's or cron's; `when` is as it is written there."""

    source: HostText
    name: HostText
    when: HostText
    user: HostText = ""
    command: HostText = ""


class Mount(Frozen):
    """A mounted file system; sizes in KiB, None where they were not asked."""

    path: HostText
    device: HostText
    kind: HostText
    read_only: bool = False
    size: int | None = None
    used: int | None = None


class Backup(Frozen):
    """A backup that is there already, and from what that is concluded."""

    program: HostText
    evidence: HostText


class Updates(Frozen):
    """Updates that wait; `listed` is when the lists were last fetched, in seconds since 1970."""

    packages: tuple[HostText, ...] = ()
    security: int = 0
    listed: int | None = None
    asked: int | None = None


class Inspection(Frozen):
    """All that was read of a host; `unread` says of which subjects nothing came, and why."""

    system: System = System()
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    listeners: tuple[Listener, ...] = ()
    on_demand: tuple[PortsOnDemand, ...] = ()
    protocols: tuple[Protocol, ...] = ()
    peers: tuple[Peers, ...] = ()
    tunnels: tuple[Tunnel, ...] = ()
    accounts: tuple[Account, ...] = ()
    account_sources: tuple[HostText, ...] = ()
    sudo: tuple[SudoRule, ...] = ()
    ssh: SshServer = SshServer()
    sessions: tuple[HostText, ...] = ()
    firewall: Firewall = Firewall()
    containers: tuple[Container, ...] = ()
    container_networks: tuple[ContainerNetwork, ...] = ()
    sites: tuple[WebSite, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    databases: tuple[Database, ...] = ()
    shares: tuple[Share, ...] = ()
    clock: Clock = Clock()
    names: Names = Names()
    services: tuple[HostText, ...] = ()
    jobs: tuple[Job, ...] = ()
    mounts: tuple[Mount, ...] = ()
    backups: tuple[Backup, ...] = ()
    updates: Updates | None = None
    packages: tuple[HostText, ...] = ()
    unread: tuple[tuple[HostText, HostText], ...] = ()
