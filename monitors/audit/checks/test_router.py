"""Routers: what passes them, judged in the live rule set, and what they serve themselves."""
# ruff: noqa: S101

from ipaddress import ip_network

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.facts.nftables import (
    EVERYWHERE,
    Networks,
    Opening,
    has_chain,
    networks,
    openings,
    within,
)
from monitors.audit.facts.system import firewall, listeners
from monitors.audit.model.declared import Declared

ACCESS = "unbound-checkconf -o access-control; unbound-checkconf -o access-control-view"
ANSWERING = ("allow", "allow_setrd", "allow_snoop", "allow_cookie")
LOOPBACK = networks({"set": ["127.0.0.0/8", "::1"]}, {})
# SSH is bound by its own role, and let in from administrators' networks alone.
EVERYWHERE_PORTS = {22}
FIRST_EPHEMERAL_PORT = 32768
SHOWN = 5


def test_rtr_01_declared_forwards(host: Host, declared: Declared) -> None:
    """Every way by which a connection gets in to the site is one of the declared forwards."""
    ways, site = _passing(host), _site(declared)
    allowed = {
        (str(ip_network(f.to)), f.port.protocol.value, f.port.port): f for f in declared.forwards
    }
    wrong = []
    for way in (w for w in ways if not _goes_out(w, site)):
        for key in _targets(way):
            forward = allowed.get(key)
            sources = networks({"set": list(forward.port.sources)}, {}) if forward else ()
            if forward is None or not within(way.sources, sources or EVERYWHERE):
                wrong.append(f"{key[1]} port {key[2] or 'any'} of {key[0]} by {way.name}")
    more = f" and {len(set(wrong)) - SHOWN} more" if len(set(wrong)) > SHOWN else ""
    assert not wrong, f"lets in undeclared: {', '.join(sorted(set(wrong))[:SHOWN])}{more}"


def test_rtr_02_own_network_only(host: Host, declared: Declared) -> None:
    """The resolver's effective access list names loopback and the declared networks."""
    answer = host.run(ACCESS)
    if answer.rc == 127 or "error" in answer.stderr:
        raise UndeterminedError(f"unbound-checkconf says: {answer.stderr.strip()[:200]}")
    served = [p.sources for p in declared.ports if p.name == "dns"]
    allowed = networks({"set": [str(s) for sources in served for s in sources]}, {})
    rows = [line.split() for line in answer.stdout.splitlines() if line.strip()]
    opened = [row[0] for row in rows if row[1] in ANSWERING]
    wide = [n for n in opened if not within((ip_network(n),), (*allowed, *LOOPBACK))]
    assert opened, "the resolver answers nobody"
    assert not wide, f"answers {', '.join(wide)}"


def test_rtr_03_own_sources_only(host: Host, declared: Declared) -> None:
    """A way without a destination inside is for sources of the site's own networks."""
    site = _site(declared)
    outward = [way for way in _passing(host) if way.destinations == EVERYWHERE]
    loose = sorted({way.name for way in outward if not within(way.sources, site)})
    assert not loose, f"passes any source: {', '.join(loose)}"


def test_rtr_04_listens_inside(host: Host, declared: Declared) -> None:
    """No service of the router but SSH is bound to all addresses or to the outer one."""
    outside = sorted(
        {
            f"{listener.protocol} {listener.address}:{listener.port} ({listener.program})"
            for listener in listeners(host)
            if not listener.is_local
            and listener.address not in (declared.address, *declared.more_addresses)
            and listener.port not in EVERYWHERE_PORTS
            and not (listener.protocol == "udp" and listener.port >= FIRST_EPHEMERAL_PORT)
        }
    )
    assert not outside, f"listens on more than {declared.address}: {', '.join(outside)}"


def _site(declared: Declared) -> Networks:
    return tuple(map(ip_network, declared.site_networks))


def _passing(host: Host) -> list[Opening]:
    """Return the ways by which new connections get through, those of ICMP left out."""
    rules = firewall(host)
    assert has_chain(rules, "forward"), "no chain looks at what passes the router"
    return list(openings(rules, "forward"))


def _goes_out(way: Opening, site: Networks) -> bool:
    return way.destinations == EVERYWHERE and within(way.sources, site)


def _targets(way: Opening) -> list[tuple[str, str, int]]:
    """Return where a way leads: address, protocol and port, each of all combinations."""
    ports = [("any", 0)] if way.ports is None else sorted(way.ports)
    return [(str(address), *port) for address in way.destinations for port in ports]
