"""Which references to secrets work where: what can be told before anything is looked up."""

from collections.abc import Iterator, Sequence

from inventory.consistency import Local, Part
from inventory.enums import ProviderName, Role, SnmpVersion
from inventory.model import EstateFile, SnmpAccess
from inventory.problems import Problem
from inventory.secrets import handed_name
from inventory.source import PathKey

AS_FILE = "generated:NAME or file:/PATH"
SNMP_SECRETS = ("auth", "priv", "community")


def find_reference_problems(
    head: Part[EstateFile], parts: Sequence[Part[Local]]
) -> Iterator[Problem]:
    """Yield what is wrong with references to secrets, and with SNMP access that needs them."""
    yield from _agents_of_hosts(head, parts)
    yield from _lab_devices(head, parts)
    for part in parts:
        yield from _backups(part)
    yield from _same_names(head, parts)


def _agents_of_hosts(head: Part[EstateFile], parts: Sequence[Part[Local]]) -> Iterator[Problem]:
    agents = [h for p in parts for h in p.value.hosts if Role.SNMP_AGENT in h.roles]
    if agents and head.value.snmp.version is not SnmpVersion.V3:
        yield head.problem(
            ("snmp", "version"),
            f"{len(agents)} hosts have the role snmp_agent, which speaks SNMPv3 only",
            "version 3 for the estate",
            "give `snmp:` with the community to the devices that know nothing better",
        )


def _lab_devices(head: Part[EstateFile], parts: Sequence[Part[Local]]) -> Iterator[Problem]:
    inherits = False
    for part in parts:
        for number, device in enumerate(part.value.devices):
            if (device.provider or head.value.provider) is not ProviderName.LAB:
                continue
            if device.snmp:
                yield from _simulated(part, ("devices", number, "snmp"), device.snmp)
            inherits |= device.snmp is None
    if inherits:
        yield from _simulated(head, ("snmp",), head.value.snmp)


def _simulated(
    part: Part[EstateFile] | Part[Local], path: PathKey, access: SnmpAccess
) -> Iterator[Problem]:
    if access.version is not SnmpVersion.V3:
        yield part.problem(
            (*path, "version"),
            "the lab's simulated devices speak SNMPv3 only",
            "version 3",
            "remove version: and community:, or try communities with `bastide snmp replay`",
        )
        return
    for key, reference in _of(access):
        if not _is_file(reference):
            yield part.problem(
                (*path, key),
                f"{reference}: the lab's simulated devices read their secrets from files",
                AS_FILE,
                "use one of these for lab devices",
            )


def _backups(part: Part[Local]) -> Iterator[Problem]:
    for number, host in enumerate(part.value.hosts):
        for row, plan in enumerate(host.backups):
            if not _is_file(plan.password):
                yield part.problem(
                    ("hosts", number, "backups", row, "password"),
                    f"{plan.password}: a backup's password is copied to its host from a file",
                    AS_FILE,
                    "keep it in a file of mode 0600, or let Bastide generate it",
                )


def _is_file(reference: str) -> bool:
    return reference.startswith(("generated:", "file:"))


def _same_names(head: Part[EstateFile], parts: Sequence[Part[Local]]) -> Iterator[Problem]:
    """Values of vaults reach the operations host under the vault's name, so it must tell them."""
    seen: dict[str, str] = {}
    for part, path, reference in _references(head, parts):
        if not reference.startswith("vault:"):
            continue
        name, file = handed_name(reference), reference.removeprefix("vault:").rpartition("#")[0]
        if seen.setdefault(name, file) != file:
            yield part.problem(
                path,
                f"there is another file called {file.rpartition('/')[2]}: {seen[name]}",
                "names of vault files that differ",
                "rename one of the two files",
            )


def _references(
    head: Part[EstateFile], parts: Sequence[Part[Local]]
) -> Iterator[tuple[Part[EstateFile] | Part[Local], PathKey, str]]:
    for key, reference in _of(head.value.snmp):
        yield head, ("snmp", key), reference
    for part in parts:
        for number, device in enumerate(part.value.devices):
            for key, reference in _of(device.snmp) if device.snmp else ():
                yield part, ("devices", number, "snmp", key), reference


def _of(access: SnmpAccess) -> Iterator[tuple[str, str]]:
    for key in SNMP_SECRETS:
        if reference := getattr(access, key):
            yield key, reference
