"""What was read of a host as YAML for the municipality's file.

Every text of the host is quoted (a JSON string is YAML) or stands in a comment, on one line. What
a person has to decide is a comment, so that what is written is always valid and changes nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import yaml

from inventory.connections import PORT
from inventory.entries import InventoryHost, Tenant, hosts
from inventory.enums import ProviderName, Role
from inventory.model.ssh import Ssh
from inventory.model.tenants import Site
from inventory.open_ports import MORE_PROTOCOLS, NODE_EXPORTER
from monitors.inspection.forwarding import networks_behind, own_addresses, routed_families
from monitors.inspection.model import Inspection
from monitors.inspection.privileges import describe_login, logins
from monitors.inspection.published import published_ports
from monitors.inspection.suggestion.guesses import (
    BackupGuess,
    ListenGuess,
    backup,
    describe,
    legal_id,
    listens,
    node_exporter,
    roles,
    services,
    unused,
)

MOST_COMMENTS = 20


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a host that was read is to stand in the inventory, and how it was reached.

    `ssh` is what was said on the way and differs from the tenant's own; `own_id` is None to take
    it from the host's name.
    """

    tenant: Tenant
    site: Site
    address: str
    host_key: str
    ssh: Ssh
    day: date
    own_id: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A host's id and YAML lines: an item for `hosts:`, items for `services:`, unindented."""

    own_id: str
    host: tuple[str, ...]
    services: tuple[str, ...]


def suggest(inspection: Inspection, arrival: Arrival) -> Suggestion:
    """Return the host's part of the inventory."""
    content = arrival.tenant.content
    taken = frozenset((*(h.id for h in content.hosts), *(d.id for d in content.devices)))
    own_id = arrival.own_id or unused(legal_id(inspection.system.name, "host"), taken)
    return Suggestion(
        own_id,
        tuple(_host(inspection, arrival, own_id)),
        tuple(_services(inspection, arrival, own_id)),
    )


def _host(inspection: Inspection, arrival: Arrival, own_id: str) -> Iterator[str]:
    system = inspection.system
    kind = system.container or system.virtual_machine or "no virtual machine"
    yield f"# Read on {arrival.day}: {system.title or 'an unknown system'}, {kind}, {system.name}."
    for subject, reason in inspection.unread:
        yield f"# Not read: {subject} ({reason})."
    yield f"- id: {_word(own_id)}"
    networks = " or ".join(map(str, arrival.site.networks))
    yield f"  site: {_word(arrival.site.id)} # {networks} holds its address"
    yield f"  address: {_quoted(arrival.address)}"
    yield from _more_addresses(inspection, arrival)
    if arrival.tenant.estate.provider is not ProviderName.EXISTING:
        yield f"  provider: {ProviderName.EXISTING.value}"
    yield f"  host_key: {arrival.host_key} # compared when it was adopted"
    yield "  manage: watch # nothing on it changes; the next level is audit"
    yield from _ssh(arrival.ssh)
    yield from _logins(inspection)
    yield from _forwarding(inspection)
    if inspection.protocols:
        numbers = ", ".join(str(protocol.number) for protocol in inspection.protocols)
        said = "; ".join(protocol.of for protocol in inspection.protocols)
        yield f"  settings: {{{MORE_PROTOCOLS}: [{numbers}]}} # {said}"
    yield from _backups(inspection, arrival, own_id)
    yield from _roles_and_listens(inspection, arrival)


def _more_addresses(inspection: Inspection, arrival: Arrival) -> Iterator[str]:
    """Yield its other addresses; those that `inventory check` would refuse only as comments."""
    networks = [n for site in arrival.tenant.content.sites for n in site.networks]
    families = {network.version for network in networks}
    others = {a for h in hosts(arrival.tenant.estate) for a in (*h.host.addresses, h.host.uplink)}
    own = [a for a in own_addresses(inspection) if str(a) != arrival.address and a not in others]
    fits = [a for a in own if a.version not in families or any(a in n for n in networks)]
    if fits:
        yield f"  more_addresses: [{', '.join(_quoted(str(a)) for a in fits)}] # of its interfaces"
    for address in [a for a in own if a not in fits][:MOST_COMMENTS]:
        yield f"  # Also at {address}, in no network of {_word(arrival.tenant.id)}."


def _ssh(ssh: Ssh) -> Iterator[str]:
    said = ssh.model_dump(exclude_none=True)
    if said:
        yield "  ssh:"
    for key, value in said.items():
        yield f"    {key}: {value if isinstance(value, int) else _quoted(str(value))}"


def _logins(inspection: Inspection) -> Iterator[str]:
    accounts = logins(inspection)
    if accounts:
        yield "  # Who may log in; whoever is to keep doing so belongs into `administrators:`:"
    for account in accounts[:MOST_COMMENTS]:
        yield f"  #   {describe_login(inspection, account)}"
    others = [source for source in inspection.account_sources if source not in ("files", "systemd")]
    if others:
        yield f"  #   and accounts of {', '.join(others)} (nsswitch.conf), which are not listed"


def _forwarding(inspection: Inspection) -> Iterator[str]:
    ports, networks = published_ports(inspection), networks_behind(inspection)
    for port in ports[:MOST_COMMENTS]:
        yield f"  # It hands on {port.said} to {port.to} ({port.where}); its own that is not."
    for behind in networks[:MOST_COMMENTS]:
        yield f"  # It forwards for {behind.network}: {behind.reason}."
    if ports or networks or routed_families(inspection):
        yield "  forwards: true # and goes on doing so at baseline; without it nothing is forwarded"


def _roles_and_listens(inspection: Inspection, arrival: Arrival) -> Iterator[str]:
    guesses = roles(inspection)
    certain = tuple(guess.role for guess in guesses if guess.certain)
    for guess in guesses:
        confirm = "" if guess.certain else " (confirm it, then add it to roles)"
        yield f"  # Role {guess.role.value}{confirm}: {guess.reason}."
    if certain:
        yield f"  roles: [{', '.join(certain)}]"
    if exporter := node_exporter(inspection):
        usual = exporter.port == NODE_EXPORTER.tcp_port
        said = "node_exporter" if usual else f"{{name: node_exporter, port: {exporter.port}}}"
        yield f"  exporters: [{said}] # {describe(exporter)}"
    port = arrival.ssh.port or PORT
    ports = listens(inspection, arrival.tenant, arrival.site, certain, port)
    if any(listening.lasting for listening in ports):
        yield "  listens:"
    for listening in ports:
        yield from _listen(listening)


def _listen(guess: ListenGuess) -> Iterator[str]:
    if not guess.lasting:
        yield (
            f"    # not declared, since its number changes: {guess.protocol} port {guess.port}, "
            f"{guess.reason}"
        )
        return
    yield f"    - port: {guess.port}"
    if guess.protocol != "tcp":
        yield f"      protocol: {guess.protocol}"
    yield f"      name: {_quoted(guess.name)} # {guess.reason}"
    yield f"      access: {guess.access.value} # a guess"


def _backups(inspection: Inspection, arrival: Arrival, own_id: str) -> Iterator[str]:
    for there in inspection.backups[:MOST_COMMENTS]:
        yield f"  # A backup that is there already: {there.program}, {there.evidence}."
    guess = backup(inspection)
    if guess.paths or guess.database:
        yield from (f"  {line}" for line in _plan(guess, arrival.tenant, own_id))


def _plan(guess: BackupGuess, tenant: Tenant, own_id: str) -> Iterator[str]:
    target = _vault(tenant)
    yield "# A plan that fits, for the level baseline; it is not in force as a comment:"
    yield from (f"#   {reason}" for reason in guess.reasons[:MOST_COMMENTS])
    yield "# backups:"
    yield "#   - id: data"
    yield f"#     target: {target.name if target else 'THE-VAULT'}"
    if guess.paths:
        yield f"#     paths: [{', '.join(_quoted(path) for path in guess.paths[:MOST_COMMENTS])}]"
    if guess.database:
        yield f"#     database: {_quoted(guess.database)}"
    yield f"#     password: generated:restic-{tenant.id}-{own_id}"


def _vault(tenant: Tenant) -> InventoryHost | None:
    return next((entry for entry in hosts(tenant.estate) if Role.VAULT in entry.host.roles), None)


def _services(inspection: Inspection, arrival: Arrival, own_id: str) -> Iterator[str]:
    taken = frozenset(service.id for service in arrival.tenant.content.services)
    for guess in services(inspection, taken):
        yield f"# From {'; '.join(guess.reasons)}."
        yield f"- id: {_word(guess.id)}"
        yield f"  name: {_quoted(guess.name)} # say what people call it"
        yield f"  url: {_quoted(guess.url)}"
        yield f"  hosts: [{_word(own_id)}]"
        yield "  continuity: C # to confirm: A, B or C"


def _word(text: str) -> str:
    """An id as YAML reads it: `null` and `true` are other things there, unless in quotes."""
    return text if yaml.safe_load(text) == text else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
