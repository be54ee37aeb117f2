"""The rules in force, from nft(8) and iptables-save(8), and what ufw, firewalld, fail2ban say.

Rules that a program writes and rewrites by itself (bans, ports of containers) are marked with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitors.inspection.model import Chain, Firewall
from monitors.inspection.values import MOST_ROWS, bounded, sections

HOOK = re.compile(r"type \S+ hook (\S+)(?:.*?; policy (\w+);)?")
BLOCK = re.compile(r"(table|chain|set|map|flowtable) (.*?)\s*\{$")
COUNTERS = re.compile(r"counter packets \d+ bytes \d+")
OWNERS = (
    (re.compile(r"^f2b|fail2ban", re.IGNORECASE), "fail2ban"),
    (re.compile(r"^DOCKER"), "docker"),
    (re.compile(r"^(NETAVARK|CNI-)|^netavark"), "podman"),
    (re.compile(r"^ufw6?-"), "ufw"),
    (re.compile(r"firewalld"), "firewalld"),
    (re.compile(r"bastide"), "bastide"),
    (re.compile(r"^(LIBVIRT|libvirt)"), "libvirt"),
    (re.compile(r"^(KUBE|cali|FLANNEL)"), "kubernetes"),
)
DYNAMIC = frozenset({"fail2ban", "docker", "podman", "kubernetes"})
"""Programs whose rules change without a person."""
# What iptables-nft keeps is in `nft list ruleset` as well, there without the words of its matches.
TABLES_OF_IPTABLES = re.compile(r"^(ip|ip6) (filter|nat|mangle|raw|security)$")


@dataclass(slots=True)
class _Chain:
    """A chain while its lines are read."""

    table: str
    name: str
    hook: str = ""
    policy: str = ""
    rules: list[str] = field(default_factory=list)


def read_firewall(nft: str, iptables: str, ufw: str, firewalld: str, fail2ban: str) -> Firewall:
    """Return the firewall; each text is the output of the command of that name in COMMANDS."""
    saved = list(_saved(iptables))
    native = [c for c in _ruleset(nft) if not (saved and TABLES_OF_IPTABLES.match(c.table))]
    chains = bounded(_frozen(chain) for chain in (*native, *saved))
    jails = _jails(fail2ban)
    enabled = "ENABLED=yes" in ufw
    managers = {chain.owner for chain in chains} - {""}
    managers |= ({"ufw"} if enabled else set()) | ({"firewalld"} if firewalld.strip() else set())
    managers |= {"fail2ban"} if jails else set()
    allowed = (*(_ufw(ufw) if enabled else ()), *_firewalld(firewalld))
    return Firewall(
        managers=tuple(sorted(managers)), chains=chains, allowed=bounded(allowed), jails=jails
    )


def _frozen(chain: _Chain) -> Chain:
    owner = next(
        (o for pattern, o in OWNERS if pattern.search(chain.name) or pattern.search(chain.table)),
        "",
    )
    return Chain(
        table=chain.table,
        name=chain.name,
        hook=chain.hook,
        policy=chain.policy,
        rules=bounded(chain.rules),
        owner=owner,
    )


def _ruleset(text: str) -> Iterator[_Chain]:
    """Read the chains of `nft -s list ruleset`: one statement a line, blocks in braces.

    Sets and maps are blocks as well; their elements are no rules.
    """
    table, chain = "", None
    for line in map(str.strip, text.splitlines()):
        block = BLOCK.match(line)
        if block and block[1] == "table":
            table, chain = block[2], None
        elif block:
            chain = _Chain(table, block[2]) if block[1] == "chain" else None
            if chain:
                yield chain
        elif chain:
            _take(chain, line)


def _take(chain: _Chain, line: str) -> None:
    hook = HOOK.match(line)
    if hook:
        chain.hook, chain.policy = hook[1], hook[2] or "accept"
    elif line not in ("", "}") and not line.startswith("#") and len(chain.rules) < MOST_ROWS:
        chain.rules.append(COUNTERS.sub("counter", line))


def _saved(text: str) -> Iterator[_Chain]:
    """Read the chains of iptables-save: `*table`, `:CHAIN POLICY`, `-A CHAIN …`."""
    for variant, lines in sections(text):
        chains: dict[str, _Chain] = {}
        table = ""
        for line in lines:
            if line.startswith("*"):
                yield from chains.values()
                table, chains = f"{variant} {line[1:].strip()}", {}
            elif line.startswith(":"):
                name, policy, *_ = [*line[1:].split(), "", ""]
                own = policy in ("ACCEPT", "DROP")
                hook, what = (name.lower(), policy.lower()) if own else ("", "")
                chains[name] = _Chain(table, name, hook, what)
            elif line.startswith("-A "):
                name, _, rule = line[3:].partition(" ")
                if name in chains and len(chains[name].rules) < MOST_ROWS:
                    chains[name].rules.append(rule)
        yield from chains.values()


def _ufw(text: str) -> Iterator[str]:
    """Yield ufw's own rules: `### tuple ### allow tcp 22 0.0.0.0/0 any 10.0.0.0/8 in`."""
    for line in text.splitlines():
        if line.startswith("### tuple ###"):
            words = line.removeprefix("### tuple ###").split()
            yield f"ufw: {' '.join(word for word in words if not word.startswith('comment='))}"


def _firewalld(text: str) -> Iterator[str]:
    """Yield what firewalld's active zones let in."""
    zone, active = "", False
    for line in text.splitlines():
        if line and not line[0].isspace():
            # The default zone takes whatever no other has, with or without an interface of its own.
            zone, active = line.split()[0], "active)" in line or "(default" in line
            continue
        if active and line.strip().startswith("rule "):
            yield f"firewalld: zone {zone}: {line.strip()}"
        key, _, value = line.strip().partition(":")
        wanted = ("services", "ports", "sources", "interfaces", "masquerade", "target")
        if active and key in wanted and value.strip() not in ("", "no", "default"):
            yield f"firewalld: zone {zone}: {key} {value.strip()}"


def _jails(text: str) -> tuple[str, ...]:
    for line in text.splitlines():
        if "Jail list:" in line:
            return bounded(n.strip() for n in line.partition(":")[2].split(",") if n.strip())
    return ()
