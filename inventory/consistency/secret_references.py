"""Which references to secrets work where: what is wrong before anything is looked up."""

from collections.abc import Iterator, Sequence

from inventory.entries import declared_provider
from inventory.enums import ProviderName, Role, SnmpVersion
from inventory.model.devices import Device
from inventory.model.snmp_access import SnmpAccess
from inventory.parsed import ParsedEstate, ParsedTenant, machines
from inventory.problems import Problem
from inventory.secrets import handed_name
from inventory.source import PathKey

AS_FILE = "generated:NAME or file:/PATH"
GEAR_SECRETS = ("password", "private_key")
SNMP_SECRETS = ("auth", "priv", "community")


def find_secret_problems(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[Problem]:
    """Yield what is wrong with references to secrets, and with SNMP access that needs them."""
    yield from _agents_of_hosts(estate, tenants)
    yield from _lab_devices(estate, tenants)
    for tenant in tenants:
        yield from _backups(tenant)
        yield from _gear(tenant)
    yield from _same_names(estate, tenants)


def _agents_of_hosts(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    agents = [h for t in tenants for h in t.value.hosts if Role.SNMP_AGENT in h.roles]
    if agents and estate.value.snmp.version is not SnmpVersion.V3:
        yield estate.problem(
            ("snmp", "version"),
            f"{len(agents)} hosts have the role snmp_agent, which speaks SNMPv3 only",
            "version 3 for the estate",
            "give `snmp:` with the community to the devices that know nothing better",
        )


def _lab_devices(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    inherits = False
    for tenant in tenants:
        for number, device in enumerate(tenant.value.devices):
            if declared_provider(device, tenant.value, estate.value) is not ProviderName.LAB:
                continue
            if device.snmp:
                yield from _simulated(tenant, ("devices", number, "snmp"), device.snmp)
            inherits |= device.snmp is None
    if inherits:
        yield from _simulated(estate, ("snmp",), estate.value.snmp)


def _simulated(
    file: ParsedEstate | ParsedTenant, path: PathKey, access: SnmpAccess
) -> Iterator[Problem]:
    if access.version is not SnmpVersion.V3:
        yield file.problem(
            (*path, "version"),
            "the lab's simulated devices speak SNMPv3 only",
            "version 3",
            "remove version: and community:, or try communities with `bastide snmp replay`",
        )
        return
    for key, reference in _of(access):
        if not _is_file(reference):
            yield file.problem(
                (*path, key),
                f"{reference}: the lab's simulated devices read their secrets from files",
                AS_FILE,
                "use one of these for lab devices",
            )


def _backups(tenant: ParsedTenant) -> Iterator[Problem]:
    for number, host in enumerate(tenant.value.hosts):
        for row, plan in enumerate(host.backups):
            if not _is_file(plan.password):
                yield tenant.problem(
                    ("hosts", number, "backups", row, "password"),
                    f"{plan.password}: a backup's password is copied to its host from a file",
                    AS_FILE,
                    "keep it in a file of mode 0600, or let Bastide generate it",
                )


def _gear(tenant: ParsedTenant) -> Iterator[Problem]:
    for number, device in enumerate(tenant.value.devices):
        for key, reference in _of_gear(device):
            if reference.startswith("generated:"):
                yield tenant.problem(
                    ("devices", number, "configuration", "ssh", key),
                    f"{key} of an account that exists on the device cannot be generated",
                    "env:NAME, file:/PATH or vault:FILE#KEY",
                    "write it where only you can read it, and name that place",
                )


def _is_file(reference: str) -> bool:
    return reference.startswith(("generated:", "file:"))


def _same_names(estate: ParsedEstate, tenants: Sequence[ParsedTenant]) -> Iterator[Problem]:
    """Values of vaults reach the operations host under the vault's name, so no two may have one."""
    files: dict[str, str] = {}
    for owner, path, reference in _references(estate, tenants):
        if not reference.startswith("vault:"):
            continue
        name, file = handed_name(reference), reference.removeprefix("vault:").rpartition("#")[0]
        if files.setdefault(name, file) != file:
            yield owner.problem(
                path,
                f"there is another file called {file.rpartition('/')[2]}: {files[name]}",
                "names of vault files that differ",
                "rename one of the two files",
            )


def _references(
    estate: ParsedEstate, tenants: Sequence[ParsedTenant]
) -> Iterator[tuple[ParsedEstate | ParsedTenant, PathKey, str]]:
    for key, reference in _of(estate.value.snmp):
        yield estate, ("snmp", key), reference
    for tenant in tenants:
        for path, machine in machines(tenant.value):
            for key, reference in _of(machine.snmp) if machine.snmp else ():
                yield tenant, (*path, "snmp", key), reference
        for number, device in enumerate(tenant.value.devices):
            for key, reference in _of_gear(device):
                yield tenant, ("devices", number, "configuration", "ssh", key), reference
        yield from _of_journeys(tenant)


def _of_gear(device: Device) -> Iterator[tuple[str, str]]:
    ssh = device.configuration and device.configuration.ssh
    for key in GEAR_SECRETS if ssh else ():
        if reference := getattr(ssh, key):
            yield key, reference


def _of_journeys(
    tenant: ParsedTenant,
) -> Iterator[tuple[ParsedTenant, PathKey, str]]:
    for row, service in enumerate(tenant.value.services):
        for number, journey in enumerate(service.journeys):
            for index, step in enumerate(journey.steps):
                path = ("services", row, "journeys", number, "steps", index, "send", "secrets")
                for field, reference in step.send.secrets.items() if step.send else ():
                    yield tenant, (*path, field), reference


def _of(access: SnmpAccess) -> Iterator[tuple[str, str]]:
    for key in SNMP_SECRETS:
        if reference := getattr(access, key):
            yield key, reference
