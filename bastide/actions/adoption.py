"""An existing server is read once and becomes a part of its municipality's file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from bastide.actions.tenant_file import check, file_of, no_place, replace_text
from bastide.actions.trust import trusted
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.connections import Connection, connection
from inventory.entries import InventoryHost, Tenant, hosts, tenants
from inventory.enums import ProviderName
from inventory.model.hosts import Host
from inventory.model.ssh import Ssh
from inventory.model.tenants import Site
from inventory.secrets import resolve
from monitors.collection.bundle import FetchFailure
from monitors.inspection.model import Inspection
from monitors.inspection.suggestion.insert import NoPlaceError, add_items
from monitors.inspection.suggestion.inventory_yaml import Arrival, Suggestion, suggest
from monitors.inspection.visit import visit
from monitors.ssh.failures import SshFailure
from monitors.ssh.host_keys import fingerprint
from monitors.ssh.session import connect


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a person says of a server that is to be adopted."""

    address: str
    municipality: str
    ssh: Ssh
    host_key: str | None = None
    jump_host_key: str | None = None
    site: str | None = None
    own_id: str | None = None


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was read, and the file with its new text."""

    inspection: Inspection
    suggestion: Suggestion
    connection: Connection
    file: Path
    before: str


def adopt(context: EstateContext, newcomer: Newcomer) -> Adoption:
    """Log in once, read the server and return its part of the inventory; nothing is written.

    CommandError says what stopped it, and what to do.
    """
    tenant = _tenant(context, newcomer.municipality)
    site = _site(tenant, newcomer)
    _refuse_known_address(context, newcomer.address)
    way = _trusted_way(context, newcomer, _way_in(context, tenant, site, newcomer))
    _refuse_known_key(context, way.host_key or "")
    inspection, way = _read(context, way)
    _refuse_same_machine(context, inspection)
    file = file_of(context, tenant)
    # A jump host's key that was compared just now is declared with the host.
    arrival = Arrival(
        tenant,
        site,
        newcomer.address,
        way.host_key or "",
        _declared_ssh(newcomer.ssh, way),
        datetime.now(UTC).date(),
        newcomer.own_id,
    )
    return Adoption(inspection, suggest(inspection, arrival), way, file, file.read_text("utf-8"))


def write(context: EstateContext, adoption: Adoption) -> None:
    """Add the host to its municipality's file, whole or not at all, when the estate stays valid."""
    suggestion = adoption.suggestion
    try:
        text = add_items(adoption.before, "hosts", suggestion.host)
        text = add_items(text, "services", suggestion.services)
    except NoPlaceError as error:
        raise no_place(adoption.file, error) from None
    check(context, adoption.file, text)
    replace_text(adoption.file, adoption.before, text)


def _tenant(context: EstateContext, wanted: str) -> Tenant:
    by_id = {tenant.id: tenant for tenant in tenants(context.estate)}
    if wanted not in by_id:
        raise CommandError(
            f"--municipality {wanted}: there is none in this estate\n    expected: one of "
            f"{', '.join(by_id)}\n    do: correct it, or run `bastide municipality add`",
            Exit.WRONG_USE,
        )
    return by_id[wanted]


def _site(tenant: Tenant, newcomer: Newcomer) -> Site:
    try:
        address = ip_address(newcomer.address)
    except ValueError:
        raise CommandError(
            f"{newcomer.address}: expected an IP address, such as 10.10.1.5", Exit.WRONG_USE
        ) from None
    for site in tenant.content.sites:
        if newcomer.site in (None, site.id) and site.holds(address):
            return site
    wanted = f"the site {newcomer.site}" if newcomer.site else f"no site of {tenant.id}"
    sites = ", ".join(
        f"{site.id} ({', '.join(map(str, site.networks))})" for site in tenant.content.sites
    )
    holds = "does not hold" if newcomer.site else "holds"
    raise CommandError(
        f"{wanted} {holds} {newcomer.address}\n    found: {sites}\n    do: add a site with the "
        f"server's network and gateway to `sites:` of {tenant.id}, and run this again",
        Exit.WRONG_USE,
    )


def _refuse_known_address(context: EstateContext, address: str) -> None:
    for entry in hosts(context.estate):
        if ip_address(address) in (*entry.host.addresses, entry.host.uplink):
            raise _known(entry, f"{address} is its address")


def _refuse_known_key(context: EstateContext, host_key: str) -> None:
    for entry in hosts(context.estate):
        if entry.host.host_key and fingerprint(entry.host.host_key) == fingerprint(host_key):
            raise _known(entry, f"it has the same SSH host key, {fingerprint(host_key)}")


def _refuse_same_machine(context: EstateContext, inspection: Inspection) -> None:
    own = {a.partition("/")[0] for i in inspection.interfaces for a in i.addresses}
    for entry in hosts(context.estate):
        if entry.provider is ProviderName.EXISTING and str(entry.host.address) in own:
            raise _known(entry, f"it holds the address {entry.host.address}, too")


def _known(entry: InventoryHost, why: str) -> CommandError:
    return CommandError(
        f"this machine is {entry.name} in the inventory already: {why}\n    do: run `bastide host "
        f"look {entry.name}`; a copy of a machine needs host keys and addresses of its own",
        Exit.WRONG_USE,
    )


def _way_in(context: EstateContext, tenant: Tenant, site: Site, newcomer: Newcomer) -> Connection:
    host = Host(id="newcomer", site=site.id, address=newcomer.address, ssh=newcomer.ssh)  # type: ignore[arg-type]
    try:
        way = connection(InventoryHost(tenant, host), context.state)
    except (StopIteration, ValueError):
        raise CommandError(
            f"--jump {newcomer.ssh.jump}: expected a full host name of the inventory, or "
            "user@address:port",
            Exit.WRONG_USE,
        ) from None
    return replace(way, name=newcomer.address)


def _trusted_way(context: EstateContext, newcomer: Newcomer, way: Connection) -> Connection:
    """Return the way in with the keys of the host, and of a jump host that is in no inventory."""
    if way.jump and way.jump.host_key is None:
        jump = trusted(way.jump, newcomer.jump_host_key, "--jump-host-key")
        way = replace(way, jump=jump)
    return trusted(way, newcomer.host_key, "--host-key")


def _declared_ssh(said: Ssh, way: Connection) -> Ssh:
    if said.jump and "@" in said.jump and way.jump:
        return said.model_copy(update={"jump_host_key": way.jump.host_key})
    return said


def _read(context: EstateContext, way: Connection) -> tuple[Inspection, Connection]:
    """Log in and read; return what was read, and the way in with the keys that were proved."""
    session = connect(way, lambda reference: resolve(reference, context.state))
    if isinstance(session, SshFailure):
        raise CommandError(f"{session.name}: {session.problem}", Exit.COULD_NOT_CHECK)
    with session:
        proved = _proved(way, session.host_keys())
        read = visit(session, way.name)
    if isinstance(read, FetchFailure):
        raise CommandError(read.problem, Exit.COULD_NOT_CHECK)
    return read, proved


def _proved(way: Connection, keys: Sequence[str]) -> Connection:
    """Return the way in with the host keys of the machines on it, the host's last."""
    if not keys:
        return way
    *before, own = keys
    return replace(way, host_key=own, jump=way.jump and _proved(way.jump, before))
