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
def packages(town: Town, hosts: Sequence[str], folder: Path) -> Iterator[None]:
    """Let hosts install packages for as long as the block lasts."""
    spec = CacheSpec(IPv4Address(town.network.rsplit(".", 1)[0] + ".1"), DEFAULT_PORT)
    # What was fetched once is there for the next town.
    CACHED.mkdir(parents=True, exist_ok=True)
    (folder / "log").mkdir()
    more = f"CacheDir: {CACHED}\nLogDir: {folder / 'log'}\n"
    (folder / "acng.conf").write_text(settings(spec) + more)
    with subprocess.Popen([PROGRAM, "-c", str(folder)], stdout=subprocess.DEVNULL) as process:
        try:
            drop_in = f'Acquire::http::Proxy "{spec.url}";\n'
            for host in hosts:
                town.run(host, "sh", "-c", f"cat > {DROP_IN}", stdin=drop_in.encode())
            yield
        finally:
            for host in hosts:
                town.run(host, "rm", "-f", DROP_IN)
            process.kill()
