"""Connections to hypervisors, one a URI, and what is looked up and made there."""

import atexit
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.errors import failed
from infra.libvirt.binding import binding
from infra.libvirt.failures import failures_explained
from infra.libvirt.objects import Domain, Network, Pool, found

# Programs that libvirt starts for a connection must not ask this terminal for passwords.
WITHOUT_TERMINAL = "no_tty=1"
UPLOADING = "asynchronous jobs"
REFRESH_SECONDS, REFRESH_PAUSE_SECONDS = 30.0, 0.5

_connections: Final[dict[str, Any]] = {}
_locks: Final[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """A connection to a hypervisor."""

    uri: str
    raw: Any

    def capabilities(self) -> str:
        """Return what it can run, as libvirt's XML."""
        with failures_explained("capabilities", self.uri):
            return str(self.raw.getCapabilities())

    def find_domain(self, name: str) -> Domain | None:
        """Return the machine of that name, or None."""
        there = found(lambda: self.raw.lookupByName(name), "DOMAIN", self.uri)
        return None if there is None else Domain(name, there.UUIDString(), self.uri, there)

    def running_domains(self) -> Iterator[Domain]:
        """Yield the machines that run, others' as well."""
        with failures_explained("list of machines", self.uri):
            running = self.raw.listAllDomains(binding().VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        return (Domain(one.name(), one.UUIDString(), self.uri, one) for one in running)

    def define_domain(self, name: str, xml: str) -> Domain:
        """Make a machine known, or give it a new definition."""
        with failures_explained(f"definition of machine {name}", self.uri):
            made = self.raw.defineXML(xml)
            return Domain(name, made.UUIDString(), self.uri, made)

    def find_network(self, name: str) -> Network | None:
        """Return the network of that name, or None."""
        there = found(lambda: self.raw.networkLookupByName(name), "NETWORK", self.uri)
        return None if there is None else Network(name, there.UUIDString(), self.uri, there)

    def define_network(self, name: str, xml: str) -> Network:
        """Make a network known."""
        with failures_explained(f"definition of network {name}", self.uri):
            made = self.raw.networkDefineXML(xml)
            return Network(name, made.UUIDString(), self.uri, made)

    def pool(self, name: str) -> Pool:
        """Return a pool with its present volumes; InfraError when it is not there or not active."""
        pool = found(lambda: self.raw.storagePoolLookupByName(name), "STORAGE_POOL", self.uri)
        with failures_explained(f"pool {name}", self.uri):
            if pool is None or not pool.isActive():
                there = sorted(other.name() for other in self.raw.listAllStoragePools(0))
                raise failed(
                    f"pool {name} of {self.uri}",
                    expected="a storage pool that is active",
                    found="one that is not" if pool else f"none; there: {', '.join(there)}",
                    advice=f"virsh pool-start {name}" if pool else "name one with `pool:`",
                )
            _refresh(pool)
        return Pool(name, self.uri, self.raw, pool)


def _refresh(pool: Any) -> None:
    """Let it look at its files: a killed libvirtd has forgotten what was being made.

    It refuses while something is uploaded to it, and looks by itself afterwards.
    """
    virt, deadline = binding(), time.monotonic() + REFRESH_SECONDS
    while True:
        try:
            pool.refresh(0)
            return
        except virt.libvirtError as error:
            if UPLOADING not in str(error):
                raise
            if time.monotonic() > deadline:
                return
        time.sleep(REFRESH_PAUSE_SECONDS)


def connect(uri: str) -> Hypervisor:
    """Return a connection, one a URI for all callers; InfraError when there is none to be had."""
    with _locks[uri]:
        open_ = _connections.get(uri)
        if open_ is None or not _alive(open_):
            with failures_explained(f"hypervisor {uri}", uri):
                open_ = binding().open(_without_terminal(uri))
            _connections[uri] = open_
    return Hypervisor(uri, open_)


@atexit.register
def _close_all() -> None:
    """Close what is open while the binding is still there to do it."""
    while _connections:
        _, connection = _connections.popitem()
        with contextlib.suppress(binding().libvirtError):
            connection.close()


def _alive(connection: Any) -> bool:
    try:
        return bool(connection.isAlive())
    except binding().libvirtError:
        return False


def _without_terminal(uri: str) -> str:
    if "+ssh:" not in uri or "no_tty" in uri:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}{WITHOUT_TERMINAL}"
