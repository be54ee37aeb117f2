"""What machines on a hypervisor lack: where they are made, and what they are attached to."""

from collections.abc import Iterator, Sequence

from inventory.entries import declared_provider
from inventory.enums import ProviderName, Role
from inventory.model.hosts import Host
from inventory.model.hypervisors import Libvirt, Proxmox
from inventory.parsed import ParsedEstate, ParsedTenant
from inventory.problems import Problem
from inventory.source import PathKey

HYPERVISORS = frozenset({ProviderName.LIBVIRT, ProviderName.PROXMOX})
Said = Libvirt | Proxmox


def find_hypervisor_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[Problem]:
    """Yield hosts that cannot be made, and what is said of those that are not made there."""
    for tenant in tenants:
        for number, host in enumerate(tenant.value.hosts):
            path: PathKey = ("hosts", number)
            provider = declared_provider(host, tenant.value, estate.value)
            if provider in HYPERVISORS:
                yield from _host(tenant, path, host, provider, estate)
            elif host.machine is not None:
                yield tenant.problem(
                    (*path, "machine"),
                    f"a host of the provider {provider} is not made on a hypervisor",
                    "machine: with the providers libvirt and proxmox only",
                    "remove it, or correct provider:",
                )


def _host(
    tenant: ParsedTenant,
    path: PathKey,
    host: Host,
    provider: ProviderName,
    estate: ParsedEstate,
) -> Iterator[Problem]:
    said: Said | None = getattr(tenant.value, provider) or getattr(estate.value, provider)
    if said is None:
        yield tenant.problem(
            path,
            f"the provider {provider} needs to know where machines are made",
            f"{provider}: in this file or in estate.yml (docs/providers.md)",
            f"add {provider}:, or correct provider:",
        )
        return
    yield from _address(tenant, path, host)
    yield from _uplink(tenant, path, host, said, provider)
    if isinstance(said, Proxmox) and host.site not in said.sites:
        yield tenant.problem(
            (*path, "site"),
            f"proxmox: does not say what {host.site} is attached to, and no network is made there",
            f"sites: {{{host.site}: {{bridge: vmbr0}}}}",
            "add it to proxmox:",
        )
    ids = [disk.id for disk in host.machine.disks] if host.machine else []
    for number, name in enumerate(ids):
        if name in ids[:number]:
            yield tenant.problem(
                (*path, "machine", "disks", number, "id"),
                f"there is another disk {name}",
                "an id of its own for each disk of a host",
                "rename one of the two",
            )


def _address(tenant: ParsedTenant, path: PathKey, host: Host) -> Iterator[Problem]:
    site = next((site for site in tenant.value.sites if site.id == host.site), None)
    if site is not None and site.holds(host.address) and host.address not in site.network:
        yield tenant.problem(
            (*path, "address"),
            f"machines are made in the site's main network only, {site.network}",
            "an address of that one",
            "correct the address, or make the networks change places",
        )


def _uplink(
    tenant: ParsedTenant, path: PathKey, host: Host, said: Said, provider: ProviderName
) -> Iterator[Problem]:
    if Role.EDGE in host.roles and host.uplink is None:
        yield tenant.problem(
            path, "an edge needs its address towards the WAN", "an address of wan", "add uplink:"
        )
    if host.uplink is None:
        return
    if said.wan is None:
        yield tenant.problem(
            (*path, "uplink"),
            f"{provider}: does not say what edges have their uplink on",
            "wan: with bridge, network and gateway",
            f"add it to {provider}:",
        )
    elif host.uplink not in said.wan.network:
        yield tenant.problem(
            (*path, "uplink"),
            f"{host.uplink} is not in the network of wan, {said.wan.network}",
            f"an address of {said.wan.network}",
            f"correct it, or {provider}: wan:",
        )
