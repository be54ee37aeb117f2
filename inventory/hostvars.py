"""The variables of each host for Ansible: flat, all but the connection named `bastide_…`."""

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inventory.backup_plans import (
    backup_plans,
    copies_kept_on,
    pulled_by,
    pulling_host,
    put_into_buckets,
    second_bucket,
)
from inventory.connections import Connection, connection, device_ssh, jumped_to
from inventory.continuity import calendar, host_promise, plan_terms
from inventory.entries import InventoryHost, devices, hosts, operations_host, services, tenants
from inventory.enums import ConnectionKind, Protocol, Role
from inventory.levels import (
    ACCEPTED,
    GROUPS,
    MANAGED,
    REFUSED,
    WATCHED,
    is_accepted,
    is_full,
    is_managed,
    is_only_read,
    level,
    refusal,
)
from inventory.logins import ADMINISTRATOR, logins
from inventory.model.buckets import Bucket, BucketKey
from inventory.model.estate import Estate
from inventory.model.hosts import BackupPlan
from inventory.neighbours import neighbours
from inventory.open_ports import (
    OpenPort,
    estate_networks,
    exporter_is_ours,
    forwards,
    open_ports,
)
from inventory.operations_watch import OPERATIONS_WATCH, is_operations_watch
from inventory.outputs import Outputs
from inventory.paths import accepted_look
from inventory.roles import ROLES
from inventory.secrets import MARKS, handed_name, journey_secrets, secret_path
from inventory.settings import forwarders, restart_window, settings, time_servers, timezone
from inventory.ssh_client import config_path

BACKUP_CLIENT = "backup_client"
"""The group, and the Ansible role, of the hosts that have a backup plan."""
BECOME_PASSWORD = "ansible_become_password"  # noqa: S105 - the name of a variable
SUDO_PASSWORD = "{{ bastide_sudo_password | secret(bastide_state) }}"  # noqa: S105 - a template
"""Finds the password when a task needs it; the only value that Ansible may take for a template."""


def groups(estate: Estate) -> dict[str, tuple[str, ...]]:
    """Return the Ansible groups and the host names in each.

    A host that is not changed is in no group that a play of ours names: it is `watched` (or
    audited), or `refused` while nobody has acknowledged what its level would change. The others
    are `managed`, and in the groups of their tenant, tier and backups; a host whose services are
    ours too is in those of its roles. Of them `accepted` has the existing servers, which are read
    anew before they are changed.
    """
    members: dict[str, list[str]] = {name: [] for name in (*GROUPS, OPERATIONS_WATCH)}
    members |= {role.value: [] for role in Role}
    members |= {tenant.id: [] for tenant in tenants(estate)}
    for entry in hosts(estate):
        for name in _groups_of(entry):
            members.setdefault(name, []).append(entry.name)
    return {name: tuple(of_group) for name, of_group in members.items()}


def _groups_of(entry: InventoryHost) -> Iterator[str]:
    if not is_managed(entry):
        yield REFUSED if refusal(entry) else WATCHED
        return
    yield MANAGED
    if is_accepted(entry):
        yield ACCEPTED
    if is_full(entry):
        yield from (role.value for role in entry.host.roles)
    yield entry.tenant.id
    if entry.tenant.tier:
        yield "municipal"
        yield f"tier_{entry.tenant.tier}"
    if backup_plans(entry):
        yield BACKUP_CLIENT
    if is_full(entry) and is_operations_watch(entry):
        yield OPERATIONS_WATCH


def host_variables(
    entry: InventoryHost, folder: Path, state: Path, outputs: Outputs
) -> dict[str, Any]:
    """Return one host's variables; secrets are given as files on the controller, not values."""
    return {
        **settings(entry),
        **_connection(entry, state, outputs),
        **_identity(entry, state, outputs),
        **_network(entry, outputs),
        "bastide_logins": _logins(entry, state),
        "bastide_jumped_to": list(jumped_to(entry)),
        "bastide_level": level(entry).value,
        "bastide_refusal": refusal(entry),
        "bastide_roles": [role.value for role in entry.host.roles],
        **_ansible_roles(entry),
        "bastide_snmp": _snmp(entry.tenant.estate),
        "bastide_backups": [_backup(entry, plan, state) for plan in backup_plans(entry)],
        "bastide_backup_clients": _backup_clients(entry),
        "bastide_pulled_by": [
            {"vault": vault, "repositories": names} for vault, names in pulled_by(entry).items()
        ],
        "bastide_buckets": _buckets(entry),
        "bastide_services": [
            {"id": s.service.id, "name": s.service.name, "url": s.service.url}
            for s in services(entry.tenant.estate)
            if entry.name in s.hosts
        ],
        "bastide_estate_folder": str(folder),
        "bastide_poller_secrets": _poller_secrets(entry, state),
        "bastide_poller_handed": _poller_handed(entry),
        "bastide_notify_secrets": _notify_secrets(entry),
        "bastide_bridge": _bridge(entry),
        "bastide_configurations": _configurations(entry),
        "bastide_accepted_looks": _accepted_looks(entry, state),
        "bastide_wheelhouse": str(state / "wheelhouse.tar"),
        "bastide_tls": {
            "authority": str(state / "tls" / "authority.crt"),
            "certificate": str(state / "tls" / f"{entry.fqdn}.crt"),
            "key": str(state / "tls" / f"{entry.fqdn}.key"),
        },
    }


def _ansible_roles(entry: InventoryHost) -> dict[str, list[str]]:
    """Return the Ansible roles that a host gets in configure.yml and harden.yml for its roles."""
    rows = [ROLES[role] for role in entry.host.roles] if is_full(entry) else []
    return {
        "bastide_configured_by": [row.configured_by for row in rows]
        + ([BACKUP_CLIENT] if backup_plans(entry) else [])
        + ([OPERATIONS_WATCH] if is_full(entry) and is_operations_watch(entry) else []),
        "bastide_hardened_by": [row.hardened_by for row in rows if row.hardened_by],
    }


def _connection(entry: InventoryHost, state: Path, outputs: Outputs) -> dict[str, Any]:
    """Return how Ansible logs in: all but the user stands in the client's configuration.

    There each host has an entry under its name: addresses may be used in several towns.
    """
    way, config = connection(entry, state, outputs), str(config_path(state))
    sudo = {"ansible_become": True, "ansible_become_method": "sudo"}
    password = {"bastide_sudo_password": way.sudo_password, BECOME_PASSWORD: SUDO_PASSWORD}
    return {
        "ansible_host": entry.name,
        "ansible_user": way.user,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_common_args": f"-F {shlex.quote(config)}",
        "ansible_control_path_dir": _control_path_dir(way, config),
        **({"ansible_connection": "local"} if way.local else {}),
        **(sudo if way.sudo != "none" else {}),
        **(password if way.sudo_password else {}),
        "bastide_ssh_config": config,
        "bastide_way_in": "this machine" if way.local else way.place,
    }


def _control_path_dir(way: Connection, config: str) -> str:
    """Return where connections to a host are kept open.

    Ansible knows them by the host's name and user, which each estate may have: one that was opened
    to another server, or that proved another key, must not be taken for this one's.
    """
    known_by = "\0".join((config, way.place, way.host_key or "", repr(way.jump)))
    return f"~/.ansible/cp/{hashlib.sha256(known_by.encode()).hexdigest()[:12]}"


def _logins(entry: InventoryHost, state: Path) -> list[dict[str, Any]]:
    return [
        {
            "account": login.account,
            "keys": [str(state / "ssh" / f"{key}.pub") for key in login.keys],
            "lines": list(login.lines),
            "person": login.account == ADMINISTRATOR or login.may_become_root,
        }
        for login in logins(entry)
    ]


def _identity(entry: InventoryHost, state: Path, outputs: Outputs) -> dict[str, Any]:
    estate, site, window = entry.tenant.estate, entry.site, restart_window(entry)
    return {
        "bastide_estate": estate.estate,
        "bastide_provider": entry.provider.value,
        "bastide_state": str(state),
        "bastide_witness": estate.witness or "",
        "bastide_operations_state": str(_operations_state(estate, state)),
        "bastide_domain": estate.domain,
        "bastide_municipality": entry.tenant.id,
        "bastide_municipality_name": entry.tenant.name,
        "bastide_owner": entry.tenant.owner,
        "bastide_tier": entry.tenant.tier.value if entry.tenant.tier else "central",
        "bastide_fqdn": entry.fqdn,
        "bastide_site": {
            "id": site.id,
            "name": site.name,
            "networks": [str(network) for network in site.networks],
            "gateway": str(site.gateway),
            "nat": site.nat,
        },
        "bastide_package_cache": outputs.package_cache or "",
        "bastide_time_servers": list(time_servers(entry)),
        "bastide_timezone": timezone(entry) or "",
        "bastide_maintenance": window.model_dump(mode="json") if window else {},
    }


def _operations_state(estate: Estate, state: Path) -> Path:
    """Return where the services on the operations host keep theirs: never among root's own keys."""
    home = Path("/var/lib/bastide")
    usual = home / estate.estate
    operating = [entry.host for entry in hosts(estate) if Role.OPERATIONS in entry.host.roles]
    here = any(host.connection is ConnectionKind.LOCAL for host in operating)
    return home / "operations-host" / estate.estate if here and state == usual else usual


def _network(entry: InventoryHost, outputs: Outputs) -> dict[str, Any]:
    estate = entry.tenant.estate
    return {
        "bastide_address": str(entry.host.address),
        "bastide_uplink": str(entry.host.uplink or ""),
        "bastide_uplinks": [{"id": u.id, "gateway": str(u.gateway)} for u in entry.host.uplinks],
        "bastide_operations_address": _operations_address(estate),
        "bastide_management_networks": [str(network) for network in estate.management],
        "bastide_estate_networks": list(estate_networks(estate)),
        "bastide_listens": [_port(port) for port in open_ports(entry)],
        "bastide_neighbours": _neighbours(entry),
        "bastide_forwards": [{**_port(f.port), "to": f.to} for f in forwards(entry)],
        "bastide_behind": list(_behind(entry)),
        "bastide_keeps_forwarding": entry.host.forwards,
        "bastide_exporter_is_ours": exporter_is_ours(entry),
        "bastide_resolver": _resolver(entry),
        "bastide_forwarders": list(forwarders(entry) or outputs.resolvers),
        "bastide_records": _records(estate),
    }


def _operations_address(estate: Estate) -> str:
    operating = operations_host(estate)
    return str(operating.host.address) if operating else ""


def _behind(entry: InventoryHost) -> Iterator[str]:
    """Yield the hosts of an edge's site: one that lets us in, but none of them, cuts them off."""
    if Role.EDGE not in entry.host.roles:
        return
    for other in hosts(entry.tenant.estate):
        here = (other.tenant.id, other.site.id) == (entry.tenant.id, entry.site.id)
        if here and is_managed(other) and other.name != entry.name:
            yield other.name


def _port(port: OpenPort) -> dict[str, Any]:
    return {
        "port": port.port,
        "protocol": port.protocol.value,
        "name": port.name,
        "sources": list(port.sources),
    }


def _neighbours(entry: InventoryHost) -> list[dict[str, Any]]:
    """Return the hosts of its site that it looks at for audits, with their TCP ports."""
    return [
        {
            "host": neighbour.host,
            "addresses": list(neighbour.addresses),
            "ports": sorted({p.port for p in neighbour.ports if p.protocol is Protocol.TCP}),
        }
        for neighbour in neighbours(entry)
    ]


def _resolver(entry: InventoryHost) -> str:
    """Return the address of the tenant's own resolver, or nothing when it has none.

    One that Bastide did not configure does not know the estate's names.
    """
    for host in entry.tenant.content.hosts:
        if Role.RESOLVER in host.roles and is_full(InventoryHost(entry.tenant, host)):
            return str(host.address)
    return ""


def _records(estate: Estate) -> list[dict[str, str]]:
    of_hosts = [(entry.fqdn, entry.host.address) for entry in hosts(estate)]
    of_devices = [(entry.fqdn, entry.device.address) for entry in devices(estate)]
    return [{"name": name, "address": str(own)} for name, own in (*of_hosts, *of_devices)]


def _snmp(estate: Estate) -> dict[str, str]:
    """Return the estate's SNMPv3 user; `auth` and `priv` are references, not secrets."""
    access = estate.snmp
    return {
        "user": access.user,
        "auth_protocol": access.auth_protocol,
        "auth": access.auth,
        "priv_protocol": access.priv_protocol,
        "priv": access.priv,
    }


def _poller_secrets(entry: InventoryHost, state: Path) -> list[str]:
    """Return the files of secrets of SNMP and journeys; only the operations host is given them."""
    paths = (secret_path(reference, state) for reference in _polled_with(entry))
    return sorted(str(path) for path in paths if path)


def _poller_handed(entry: InventoryHost) -> list[dict[str, str]]:
    """Return those that have no file: the reference, and where its value goes to.

    `to` is below the operations host's state.
    """
    return [
        {"reference": reference, "to": handed_name(reference)}
        for reference in _polled_with(entry)
        if reference.startswith(("env:", "vault:"))
    ]


def _notify_secrets(entry: InventoryHost) -> list[dict[str, str]]:
    """Return the passwords and tokens of the channels that a host sends by.

    The operations host has those of all; the vault that watches it, those of its own. `reader` is
    whose file each becomes: the account's group.
    """
    notify = entry.tenant.estate.notify
    if notify is None:
        return []
    is_operations = Role.OPERATIONS in entry.host.roles
    watching = notify.operations_watch if is_operations_watch(entry) else None
    return [
        {
            "channel": channel.id,
            "reference": channel.secret,
            "reader": "bastide-bridge"
            if is_operations and notify.is_bridged(channel)
            else "prometheus",
        }
        for channel in notify.channels
        if channel.secret and (is_operations or (watching and channel.id in watching.to))
    ]


def _bridge(entry: InventoryHost) -> dict[str, Any]:
    """Return what the bridge needs: whether there are channels for it, and smstools' folders."""
    notify = entry.tenant.estate.notify
    bridged = notify.bridged if notify and Role.OPERATIONS in entry.host.roles else ()
    spools = {channel.sms.spool for channel in bridged if channel.sms and channel.sms.spool}
    return {"wanted": bool(bridged), "spools": sorted(spools)}


def _configurations(entry: InventoryHost) -> dict[str, Any]:
    """Return what configurations of network gear are read with; of the operations host only.

    `to` is below the state of the account that reads them; a `file:` keeps its path.
    """
    there = devices(entry.tenant.estate) if Role.OPERATIONS in entry.host.roles else ()
    read = [(one, said) for one in there if (said := one.device.configuration)]
    needed = {MARKS, *(secret for _, said in read for secret in said.ssh.secrets)} if read else ()
    return {
        "wanted": bool(read),
        "jumps": any(device_ssh(one).jump for one, _ in read),
        "secrets": [
            {"reference": secret, "to": str(secret_path(secret, Path()) or handed_name(secret))}
            for secret in sorted(needed)
        ],
    }


def _accepted_looks(entry: InventoryHost, state: Path) -> list[str]:
    """Return the files of the accepted looks at hosts; only the operations host is given them."""
    if Role.OPERATIONS not in entry.host.roles:
        return []
    read = filter(is_only_read, hosts(entry.tenant.estate))
    files = (accepted_look(state, other.name) for other in read)
    return [str(file) for file in files if file.is_file()]


def _polled_with(entry: InventoryHost) -> list[str]:
    if Role.OPERATIONS not in entry.host.roles:
        return []
    estate = entry.tenant.estate
    accesses = [estate.snmp, *(device.snmp for device in devices(estate))]
    accesses += [other.host.snmp for other in hosts(estate) if other.host.snmp]
    polled = {reference for access in accesses for reference in access.secrets}
    return sorted(polled | journey_secrets(estate))


def _backup(entry: InventoryHost, plan: BackupPlan, state: Path) -> dict[str, Any]:
    terms = plan_terms(plan, host_promise(entry), entry.tenant.tier)
    second, bucket = pulling_host(entry, plan), second_bucket(entry, plan)
    return {
        "id": plan.id,
        **_target(entry, plan.target),
        "copies": [_target(entry, second)] if second else [],
        "bucket": _bucket(bucket, bucket.reader) if bucket else {},
        "paths": list(plan.paths),
        "database": plan.database or "",
        "mariadb": plan.mariadb or "",
        "sqlite": list(plan.sqlite),
        "before": plan.before.model_dump() if plan.before else None,
        "after": plan.after.model_dump() if plan.after else None,
        "calendar": calendar(plan.at, terms.every_hours),
        "password_file": str(secret_path(plan.password, state) or ""),
        "keep_within_days": terms.keep_within_days,
    }


def _target(entry: InventoryHost, name: str) -> dict[str, str]:
    target = next(host for host in hosts(entry.tenant.estate) if host.name == name)
    return {
        "target": name,
        "target_address": str(target.host.address),
        "target_fqdn": target.fqdn,
    }


def _bucket(bucket: Bucket, key: BucketKey) -> dict[str, str]:
    """Return where a bucket is and who goes there; `secret_key` is a reference, not the secret."""
    return {
        "target": bucket.id,
        "endpoint": bucket.endpoint,
        "bucket": bucket.bucket,
        "region": bucket.region,
        "access_key": key.access_key,
        "secret_key": key.secret_key,
    }


def _buckets(vault: InventoryHost) -> list[dict[str, Any]]:
    """Return the buckets that a host puts copies into, and which: HOST/PLAN each."""
    put: dict[str, dict[str, Any]] = {}
    for copy, bucket in put_into_buckets(vault):
        place = _bucket(bucket, bucket.writer) | {"lock_days": bucket.lock_days, "copies": []}
        put.setdefault(bucket.id, place)["copies"].append(copy.name)
    return list(put.values())


def _backup_clients(vault: InventoryHost) -> list[dict[str, str]]:
    """Return the plans with a copy on this host; `pulled_from` is empty where clients send it."""
    addresses = {entry.name: str(entry.host.address) for entry in hosts(vault.tenant.estate)}
    return [
        {
            "name": copy.client.name,
            "municipality": copy.client.tenant.id,
            "plan": copy.plan.id,
            "pulled_from": copy.pulled_from or "",
            "pulled_from_address": addresses[copy.pulled_from] if copy.pulled_from else "",
        }
        for copy in copies_kept_on(vault)
    ]
