"""What was discovered as inventory YAML to paste: unknown neighbours, and links that were seen.

Everything comes from the network, so every text is quoted (a JSON string is YAML) and stands on
one line. What cannot be known is left as comments, so that what is pasted is always valid.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import yaml

from inventory.entries import InventoryDevice, devices, hosts, tenants
from inventory.enums import ProviderName
from inventory.model.devices import PortIntent
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL, Site
from monitors.snmp.discover.compare import Discovery, ObservedNeighbour, Verdict
from monitors.snmp.discover.device_kind import guess_kind
from monitors.snmp.discover.observed import Neighbour, ObservedDevice

LONGEST_ID = 31
LONGEST_MODEL = 80
LONGEST_PORT = 255
NO_KIND = "KIND"
# Addresses, and octets in hexadecimal as what is no text is shown: no words for people.
_NO_NAME = re.compile(r"([0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{0,2}|[0-9.]+")


@dataclass(frozen=True, slots=True)
class Addition:
    """An unknown neighbour with its tenant in the inventory; `lacks` says what keeps it out."""

    tenant: str
    own_id: str
    site: str
    address: str
    kind: str
    reason: str
    met: ObservedNeighbour
    lacks: str

    @property
    def name(self) -> str:
        """The full name that it will have."""
        return f"{self.tenant}-{self.own_id}"


def yaml_to_paste(discovery: Discovery) -> str:
    """Return YAML for the municipalities' files, under comments that say where each part goes.

    Empty when there is nothing to add.
    """
    added = additions(discovery)
    blocks = [*_device_blocks(discovery.estate, added), *_intent_blocks(discovery, added)]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def additions(discovery: Discovery) -> tuple[Addition, ...]:
    """Return the unknown neighbours, each once though several devices may see it."""
    estate, taken = discovery.estate, taken_ids(discovery.estate)
    near = {entry.name: entry for entry in devices(estate)}
    strangers: dict[tuple[str, ...], Addition] = {}
    for met in discovery.met:
        key = _identity(met.neighbour)
        if met.verdict is Verdict.UNKNOWN and key not in strangers:
            strangers[key] = _addition(estate, near[met.device], met, taken)
    return tuple(strangers.values())


def answering(
    tenant: str, site: str, address: str, observed: ObservedDevice, taken: set[tuple[str, str]]
) -> Addition:
    """Return a device that answered at an address and that no neighbour told of."""
    neighbour = Neighbour(
        "", "", system=observed.system, description=observed.description, addresses=(address,)
    )
    met = ObservedNeighbour("", "", Verdict.UNKNOWN, None, neighbour)
    return _of(tenant, site, address, met, taken)


def taken_ids(estate: Estate) -> set[tuple[str, str]]:
    """Return the tenant and id of everything that has one."""
    taken = {(h.tenant.id, h.host.id) for h in hosts(estate)}
    return taken | {(d.tenant.id, d.device.id) for d in devices(estate)}


def file_of(tenant: str) -> str:
    """Return the file of a tenant, below the estate's folder."""
    return "central.yml" if tenant == CENTRAL else f"municipalities/{tenant}.yml"


def _identity(neighbour: Neighbour) -> tuple[str, ...]:
    if neighbour.chassis:
        return (neighbour.chassis.casefold(),)
    return (neighbour.system.casefold(), *neighbour.addresses)


def _addition(
    estate: Estate, near: InventoryDevice, met: ObservedNeighbour, taken: set[tuple[str, str]]
) -> Addition:
    return _of(*_where(estate, near, met.neighbour), met, taken)


def _of(
    tenant: str, site: str, address: str, met: ObservedNeighbour, taken: set[tuple[str, str]]
) -> Addition:
    """Return a neighbour as it would stand in the inventory, under an id that is free."""
    guessed = guess_kind(met.neighbour)
    kind, reason = guessed or (NO_KIND, "nothing tells what it is")
    lacks = "" if guessed else "choose a kind, or leave it out: computers and telephones are none"
    if not address:
        lacks = "it tells no address in a network of the estate"
    base = _legal_id(met.neighbour.system, tenant, kind.lower() if guessed else "device")
    own_id = _unused(base, tenant, taken)
    taken.add((tenant, own_id))
    return Addition(tenant, own_id, site, address, kind, reason, met, lacks)


def _where(estate: Estate, near: InventoryDevice, neighbour: Neighbour) -> tuple[str, str, str]:
    """The tenant, site and address of a neighbour: by its address, the nearest tenant first."""
    ordered = sorted(tenants(estate), key=lambda tenant: tenant.id != near.tenant.id)
    for tenant in ordered:
        for site in sorted(tenant.content.sites, key=lambda site: site.id != near.device.site):
            if inside := [a for a in neighbour.addresses if _in(a, site)]:
                return tenant.id, site.id, inside[0]
    return near.tenant.id, near.device.site, ""


def _in(address: str, site: Site) -> bool:
    return site.holds(ip_address(address))


def _legal_id(system: str, tenant: str, otherwise: str) -> str:
    """An id by the inventory's rule: lower-case letters, digits and single hyphens."""
    first = "" if _NO_NAME.fullmatch(system) else system.casefold().partition(".")[0]
    words = re.findall(r"[a-z0-9]+", first)
    if words[:1] == [tenant]:
        words = words[1:]
    text = "-".join(words)
    if not text[:1].isalpha():
        text = f"{otherwise.replace('_', '-')}-{text}".rstrip("-")
    return text[: LONGEST_ID - 4].rstrip("-")


def _unused(base: str, tenant: str, taken: set[tuple[str, str]]) -> str:
    number, own_id = 1, base
    while (tenant, own_id) in taken:
        number += 1
        own_id = f"{base}-{number}"
    return own_id


def _device_blocks(estate: Estate, added: Sequence[Addition]) -> Iterator[list[str]]:
    empty = {tenant.id for tenant in tenants(estate) if not tenant.content.devices}
    for tenant in dict.fromkeys(addition.tenant for addition in added):
        if tenant in empty and any(a.tenant == tenant and not a.lacks for a in added):
            lines = [f"# {file_of(tenant)}", "devices:"]
        else:
            lines = [f"# {file_of(tenant)}, below `devices:`"]
        for addition in added:
            if addition.tenant == tenant:
                lines += _device(estate, addition)
        yield lines


def _device(estate: Estate, addition: Addition) -> Iterator[str]:
    met = addition.met
    yield f"  # Seen by {met.device} on port {_quoted(met.port)}; it says: {_words(met.neighbour)}"
    yield from device_lines(estate, addition)


def device_lines(estate: Estate, addition: Addition) -> Iterator[str]:
    """Yield the lines of a device's entry below `devices:`; comments while something is lacking."""
    if addition.lacks:
        yield f"  # Not ready: {addition.lacks}."
    sign = "  # " if addition.lacks else "  "
    description = addition.met.neighbour.description
    yield f"{sign}- id: {_word(addition.own_id)}"
    yield f"{sign}  kind: {addition.kind} # a guess: {addition.reason}"
    yield f"{sign}  site: {_word(addition.site)}"
    yield f"{sign}  address: {_quoted(addition.address)}"
    if estate.provider is not ProviderName.EXISTING:
        yield f"{sign}  provider: {ProviderName.EXISTING.value}"
    if description:
        yield f"{sign}  model: {_quoted(description[:LONGEST_MODEL])}"


def _words(neighbour: Neighbour) -> str:
    said = neighbour.system or neighbour.chassis or neighbour.description
    return _quoted(said)


def _intent_blocks(discovery: Discovery, added: Sequence[Addition]) -> Iterator[list[str]]:
    fresh = {_identity(a.met.neighbour): a.name for a in added if not a.lacks}
    for entry in devices(discovery.estate):
        mine = [met for met in discovery.met if met.device == entry.name]
        lines = list(_links(entry, mine, fresh))
        if lines:
            where = f"# {file_of(entry.tenant.id)}, device {entry.device.id}"
            below = [f"{where}, below `intent:`"] if entry.device.intent else [where, "    intent:"]
            yield [*below, *lines]


def _links(
    entry: InventoryDevice, mine: Sequence[ObservedNeighbour], fresh: dict[tuple[str, ...], str]
) -> Iterator[str]:
    declared = {p.port.strip().casefold(): p for p in entry.device.intent}
    for port in dict.fromkeys(met.port for met in mine if met.port and met.neighbour.index):
        here = [met for met in mine if met.port == port]
        names = {met.name or fresh.get(_identity(met.neighbour), "") for met in here}
        names -= {"", entry.name}
        if len(names) != 1:
            continue
        name, key = names.pop(), port.strip().casefold()
        wanted = declared.get(key) or declared.get(here[0].neighbour.index)
        if wanted is None and not _acceptable(port, entry):
            yield f"      # no name of a port in the inventory: {_quoted(port)}, towards {name}"
        elif wanted is None:
            declared[key] = PortIntent(port=port, neighbour=name)
            yield f"      - port: {_quoted(port)}"
            yield f"        neighbour: {name}"
            if name in entry.parents:
                yield "        uplink: true # a guess: the device is reached through it"
        elif wanted.neighbour is None:
            yield f"      # to port {_quoted(wanted.port)}, which is there already, add:"
            yield f"      #   neighbour: {name}"


def _acceptable(port: str, entry: InventoryDevice) -> bool:
    """Whether the inventory takes the name; numbers must be within the device's `ports`."""
    if port.isdecimal() and entry.device.ports:
        return 1 <= int(port) <= entry.device.ports
    return len(port) <= LONGEST_PORT


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _word(text: str) -> str:
    """An id as YAML reads it: `no` and `true` are other things there, unless in quotes."""
    return text if yaml.safe_load(text) == text else _quoted(text)
