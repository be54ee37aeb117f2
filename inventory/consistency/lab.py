"""What the lab cannot make: ranges that do not fit, edges without a WAN, unknown devices."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from inventory.entries import declared_provider
from inventory.enums import LAB_DEVICE_KINDS, ProviderName, Role
from inventory.model.devices import Device
from inventory.model.estate import LabNetwork
from inventory.model.hosts import Host
from inventory.parsed import ParsedEstate, ParsedTenant, machines
from inventory.problems import Problem
from inventory.scalars import Network
from inventory.source import PathKey

# The backbone has the first address of the WAN, and both ends of the uplink need one.
LONGEST_PREFIX = 30


def find_lab_problems(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Yield what is wrong with the lab's ranges and with what is to stand in it."""
    lab = estate.value.lab
    if lab is not None:
        yield from _ranges(estate, lab)
    elif estate.value.provider is ProviderName.LAB:
        yield estate.problem(
            ("provider",),
            "the lab provider needs address ranges",
            "lab: with range, wan and uplink",
            "add lab:",
        )
    for tenant in tenants:
        used = set()
        for path, machine in machines(tenant.value):
            if declared_provider(machine, tenant.value, estate.value) is not ProviderName.LAB:
                continue
            used.add(machine.site)
            yield from _address(tenant, path, machine)
            if isinstance(machine, Device):
                yield from _kind(tenant, path, machine)
            else:
                yield from _uplink(tenant, (*path, "uplink"), machine, lab)
        if lab is not None:
            yield from _sites(tenant, used, lab)


def _ranges(estate: ParsedEstate, lab: LabNetwork) -> Iterator[Problem]:
    for key, network in (("wan", lab.wan), ("uplink", lab.uplink)):
        if not network.subnet_of(lab.range):
            yield estate.problem(
                ("lab", key),
                f"{network} is not in the lab's range, {lab.range}",
                f"a network inside {lab.range}",
                "correct it, or lab.range",
            )
        if network.prefixlen > LONGEST_PREFIX:
            yield estate.problem(
                ("lab", key),
                f"{network} has no room for two hosts",
                f"a network of /{LONGEST_PREFIX} or larger",
                "write a shorter prefix",
            )


def _sites(tenant: ParsedTenant, used: set[str], lab: LabNetwork) -> Iterator[Problem]:
    for number, site in enumerate(tenant.value.sites):
        if site.id in used and not _inside(site.network, lab.range):
            yield tenant.problem(
                ("sites", number, "network"),
                f"{site.network} is not in the lab's range, {lab.range}",
                f"a network inside {lab.range}",
                "correct it, or lab.range in estate.yml",
            )


def _inside(network: Network, whole: IPv4Network) -> bool:
    return isinstance(network, IPv4Network) and network.subnet_of(whole)


def _address(tenant: ParsedTenant, path: PathKey, machine: Host | Device) -> Iterator[Problem]:
    site = next((site for site in tenant.value.sites if site.id == machine.site), None)
    if site is not None and site.holds(machine.address) and machine.address not in site.network:
        yield tenant.problem(
            (*path, "address"),
            f"the lab makes the site's main network only, {site.network}",
            "an address of that one",
            "correct the address, or `provider: existing` for a machine that is there",
        )


def _kind(tenant: ParsedTenant, path: PathKey, device: Device) -> Iterator[Problem]:
    if device.kind not in LAB_DEVICE_KINDS:
        yield tenant.problem(
            (*path, "kind"),
            f"the lab simulates no {device.kind.value}",
            f"one of: {', '.join(sorted(LAB_DEVICE_KINDS))}",
            "use one of these, or `provider: existing` for a device that is there",
        )


def _uplink(
    tenant: ParsedTenant, path: PathKey, host: Host, lab: LabNetwork | None
) -> Iterator[Problem]:
    if Role.EDGE in host.roles and host.uplink is None:
        yield tenant.problem(
            path,
            "an edge needs its address towards the WAN",
            "an address of lab.wan",
            "add uplink:",
        )
    if lab is None or host.uplink is None or lab.wan.prefixlen > LONGEST_PREFIX:
        return
    first, last = lab.wan[2], lab.wan[-2]
    if host.uplink.version != first.version or not first <= host.uplink <= last:
        yield tenant.problem(
            path,
            f"{host.uplink} is no address that an edge may have in lab.wan, {lab.wan}",
            f"an address from {first} to {last}",
            "correct the address, or lab.wan in estate.yml",
        )
