"""How a host's bundle is fetched: from its installed collector, or by one that is sent to it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from inventory.connections import connection
from inventory.entries import InventoryHost
from inventory.levels import is_managed
from inventory.logins import administrators
from inventory.outputs import Outputs
from inventory.secrets import resolve
from monitors.audit.collect.exchange import AUDIT_USER, AuditTarget, fetch
from monitors.collection.agentless import fetch_agentless
from monitors.collection.bundle import FetchFailure
from monitors.ssh.transport import Way


def has_collector(entry: InventoryHost) -> bool:
    """Return whether the audit role has installed the collector, and a key that starts it."""
    return is_managed(entry)


def fetch_bundle(
    entry: InventoryHost,
    state: Path,
    outputs: Outputs,
    commands: Sequence[str],
    key: Path | None = None,
) -> bytes | FetchFailure:
    """Return a host's packed bundle, or why there is none.

    An installed collector has its own list; `commands` are what is asked where there is none, with
    the private key `key` or else the inventory's.
    """
    if has_collector(entry):
        return fetch(target_of(entry, state, outputs))
    way = connection(entry, state, outputs, key)
    keys = tuple(key for who in administrators(entry) for key in who.keys)
    return fetch_agentless(way, commands, partial(resolve, state=state), Way(agent_keys=keys))


def target_of(entry: InventoryHost, state: Path, outputs: Outputs) -> AuditTarget:
    """Return where and how a host's collector is asked: with its own account and key.

    This very machine too: the audit's own timer runs there as an account without rights.
    """
    way = connection(entry, state, outputs)
    key = state / "ssh" / "audit"
    own = replace(way, user=AUDIT_USER, key=key, sudo="none", sudo_password=None, local=False)
    return AuditTarget(entry.name, own)
