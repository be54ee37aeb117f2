"""A way to the package archives for a town's hosts: a proxy, which its administrator allows."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from infra.lab.package_cache import DEFAULT_PORT, PROGRAM, CacheSpec, settings
from tests.strange_town.images import CACHE
from tests.strange_town.town import Town

CACHED = CACHE / "packages"
DROP_IN = "/etc/apt/apt.conf.d/01proxy"


@contextmanager
def served(address: IPv4Address, cached: Path, folder: Path) -> Iterator[CacheSpec]:
    """Run a proxy on an address of this machine; what was fetched once is kept in `cached`."""
    spec = CacheSpec(address, DEFAULT_PORT)
    cached.mkdir(parents=True, exist_ok=True)
    (folder / "log").mkdir()
    more = f"CacheDir: {cached}\nLogDir: {folder / 'log'}\n"
    (folder / "acng.conf").write_text(settings(spec) + more)
    with subprocess.Popen([PROGRAM, "-c", str(folder)], stdout=subprocess.DEVNULL) as process:
        try:
            yield spec
        finally:
            process.kill()


@contextmanager
def packages(town: Town, hosts: Sequence[str], folder: Path) -> Iterator[None]:
    """Let hosts install packages for as long as the block lasts."""
    address = IPv4Address(town.network.rsplit(".", 1)[0] + ".1")
    with served(address, CACHED, folder) as spec:
        try:
            drop_in = f'Acquire::http::Proxy "{spec.url}";\n'
            for host in hosts:
                town.run(host, "sh", "-c", f"cat > {DROP_IN}", stdin=drop_in.encode())
            yield
        finally:
            for host in hosts:
                town.run(host, "rm", "-f", DROP_IN)
