"""How a host and a device are declared, a row for each provider that the inventory can name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.components.context import BuildContext, Placement, StackOutput
from infra.components.existing_hosts import existing_device, existing_host
from infra.components.lab_hosts import lab_device, lab_host
from infra.components.libvirt_hosts import libvirt_host
from infra.components.proxmox_hosts import proxmox_host
from inventory.entries import InventoryDevice, InventoryHost
from inventory.enums import ProviderName


@dataclass(frozen=True, slots=True)
class Provider:
    """The functions that declare a provider's hosts and devices; they return stack outputs."""

    host: Callable[[InventoryHost, Placement, BuildContext], StackOutput]
    device: Callable[[InventoryDevice, Placement, BuildContext], StackOutput]


PROVIDERS: Mapping[ProviderName, Provider] = {
    ProviderName.LAB: Provider(lab_host, lab_device),
    ProviderName.EXISTING: Provider(existing_host, existing_device),
    # Nothing makes a switch: a device beside such machines is there already.
    ProviderName.LIBVIRT: Provider(libvirt_host, existing_device),
    ProviderName.PROXMOX: Provider(proxmox_host, existing_device),
}
