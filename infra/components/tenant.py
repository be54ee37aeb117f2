"""A municipality, or the central site, with its networks, hosts and devices."""

from collections.abc import Mapping

import pulumi
from pulumi import ResourceOptions

from infra.components.context import BuildContext, Placement, StackOutput
from infra.components.providers import PROVIDERS
from infra.components.resources import Provided, declare
from infra.components.site import ipv4, network_spec
from infra.lab.package_cache import CacheSpec
from inventory.entries import InventoryDevice, InventoryHost, Tenant
from inventory.enums import ProviderName
from inventory.model.estate import Estate
from inventory.model.tenants import CENTRAL, Site

NETWORK = "bastide:lab:Network"


class TenantComponent(pulumi.ComponentResource):
    """A municipality or the central site; `hosts` and `devices` are its stack outputs."""

    def __init__(self, tenant: Tenant, context: BuildContext) -> None:
        """Declare its networks, hosts and devices."""
        kind = "Central" if tenant.id == CENTRAL else "Municipality"
        super().__init__(f"bastide:estate:{kind}", tenant.id)
        self._tenant, self._context = tenant, context
        self._networks = self._declare_networks()
        if tenant.id == CENTRAL and context.foundation is not None:
            self._declare_cache()
        self.hosts: Mapping[str, StackOutput] = {
            entry.name: self._host(entry)
            for entry in (InventoryHost(tenant, host) for host in tenant.content.hosts)
        }
        self.devices: Mapping[str, StackOutput] = {
            entry.name: self._device(entry)
            for entry in (InventoryDevice(tenant, device) for device in tenant.content.devices)
        }
        self.register_outputs({})

    def _declare_networks(self) -> Mapping[str, Provided]:
        """Declare the sites that something of the lab stands in."""
        foundation, tenant = self._context.foundation, self._tenant
        if foundation is None:
            return {}
        opts = ResourceOptions(parent=self, depends_on=list(foundation.for_networks))
        made = {}
        for site in tenant.content.sites:
            if site.id in lab_sites(tenant):
                spec = network_spec(tenant, site)
                made[site.id] = declare(NETWORK, spec.name, foundation.estate, spec, opts)
        return made

    def _declare_cache(self) -> None:
        estate = self._tenant.estate
        spec, site = package_cache(estate), estate.central.sites[0].id
        opts = ResourceOptions(parent=self, depends_on=[self._networks[site]])
        declare("bastide:lab:PackageCache", "package-cache", estate.estate, spec, opts)

    def _host(self, entry: InventoryHost) -> StackOutput:
        return PROVIDERS[entry.provider].host(entry, self._placement(entry.site), self._context)

    def _device(self, entry: InventoryDevice) -> StackOutput:
        return PROVIDERS[entry.provider].device(entry, self._placement(entry.site), self._context)

    def _placement(self, site: Site) -> Placement:
        return Placement(self, self._networks.get(site.id))


def package_cache(estate: Estate) -> CacheSpec:
    """Return the lab's package cache: at the gateway of the central site's first network."""
    return CacheSpec(ipv4(estate.central.sites[0].gateway))


def lab_sites(tenant: Tenant) -> frozenset[str]:
    """Return the sites of a tenant in which a host or device of the lab stands."""
    hosts = (InventoryHost(tenant, host) for host in tenant.content.hosts)
    devices = (InventoryDevice(tenant, device) for device in tenant.content.devices)
    sites = [h.host.site for h in hosts if h.provider is ProviderName.LAB]
    sites += [d.device.site for d in devices if d.provider is ProviderName.LAB]
    if tenant.id == CENTRAL:  # the package cache listens there
        sites.append(tenant.content.sites[0].id)
    return frozenset(sites)
