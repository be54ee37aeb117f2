from monitors.inspection.model import Listener
from monitors.inspection.readers.sockets import read_listeners, read_peers
from tests.monitors.inspection.recorded import text

SMB = Listener(
    protocol="tcp",
    address="0.0.0.0",  # noqa: S104
    port=445,
    process="smbd",
    unit="smbd.service",
    package="samba",
)


def recorded() -> tuple[Listener, ...]:
    return read_listeners(text("web", "sockets"), text("web", "processes"), text("web", "owners"))


def test_a_listener_has_its_program_unit_and_package() -> None:
    assert SMB in recorded()
    by_port = {s.port: s for s in recorded()}
    assert by_port[5432].unit == "postgresql@15-main.service"
    assert by_port[5432].package == "postgresql-15"
    assert (by_port[3306].process, by_port[3306].is_local) == ("mariadbd", True)


def test_the_addresses_of_every_family_are_read() -> None:
    sockets = (
        'tcp LISTEN 0 128 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=7,fd=13))\n'
        'tcp LISTEN 0 511 *:80 *:* users:(("apache2",pid=9,fd=4),("apache2",pid=8,fd=4))\n'
        "udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:*\n"
    )
    local, wide, nameless = read_listeners(sockets, "", "")
    assert (local.address, local.is_local, local.process) == ("127.0.0.53", True, "systemd-resolve")
    assert (wide.address, wide.is_local, wide.process) == ("*", False, "apache2")
    assert (nameless.address, nameless.process, nameless.protocol) == ("[fe80::1]", "", "udp")


def test_what_runs_in_a_container_is_named_by_it() -> None:
    digest = "ab" * 32
    listeners = read_listeners(
        'tcp LISTEN 0 1 *:8080 *:* users:(("java",pid=5,fd=1))',
        f"pid 5\nexe /usr/bin/java (deleted)\ncgroup 0::/system.slice/docker-{digest}.scope\n",
        "",
    )
    assert (listeners[0].container, listeners[0].unit) == (digest[:12], "")


def test_peers_are_counted_once_and_only_at_ports_that_listen() -> None:
    connections = (
        "0 0 10.0.0.5:445 10.0.0.9:50000\n"
        "0 0 10.0.0.5:445 10.0.0.9:50001\n"
        "0 0 [::ffff:10.0.0.5]:445 [::ffff:10.0.0.8]:1234\n"
        "0 0 127.0.0.1:445 127.0.0.1:1234\n"
        "0 0 10.0.0.5:40000 10.0.0.7:443\n"
    )
    (peers,) = read_peers(connections, (SMB,))
    assert (peers.port, peers.addresses) == (445, ("10.0.0.8", "10.0.0.9"))
