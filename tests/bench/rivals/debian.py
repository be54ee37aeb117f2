"""Debian's prometheus-snmp-exporter, unpacked into a folder: never installed, never a service."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.bench.processes import started
from tests.bench.rivals.columns import COLUMNS
from tests.bench.switches import COMMUNITY, USER

PACKAGE = "prometheus-snmp-exporter"
# 25 is what its generator writes; with 50 a column of 48 rows takes one packet.
REPETITIONS = {"": 25, "_50": 50}


class UnavailableError(Exception):
    """The package cannot be fetched here; the text says why."""


@contextmanager
def snmp_exporter(folder: Path) -> Iterator[tuple[int, str, str]]:
    """Run it while the context is open: its process, its address, its version.

    Modules: ``v2c``, ``v3``, ``v2c_50``, ``v3_50``. Raises UnavailableError.
    """
    program, version = _unpacked(folder)
    (folder / "snmp.yml").write_text(yaml.safe_dump(modules(), sort_keys=False))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        listen = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [f"--config.file={folder / 'snmp.yml'}", f"--web.listen-address={listen}"]
    with started([str(program), *arguments]) as process:
        yield process.pid, f"http://{listen}", version


def modules() -> dict[str, Any]:
    """Its configuration as its generator would write it for these columns."""
    access: dict[str, dict[str, Any]] = {
        "v2c": {"version": 2, "auth": {"community": COMMUNITY}},
        "v3": {
            "version": 3,
            "auth": {
                "security_level": "authPriv",
                "username": USER.user,
                "password": USER.auth,
                "auth_protocol": "SHA",
                "priv_protocol": "AES",
                "priv_password": USER.priv,
            },
        },
    }
    metrics = [
        {
            "name": column.metric,
            "oid": column.oid,
            "type": column.type,
            "help": f"{column.help} - {column.oid}",
            "indexes": [{"labelname": "ifIndex", "type": "gauge"}],
        }
        for column in COLUMNS
    ]
    walk = sorted((column.oid for column in COLUMNS), key=_numbers)
    common = {"walk": walk, "metrics": metrics}
    return {
        f"{version}{ending}": {**common, "max_repetitions": repetitions, **how}
        for version, how in access.items()
        for ending, repetitions in REPETITIONS.items()
    }


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _unpacked(folder: Path) -> tuple[Path, str]:
    fetched = subprocess.run(
        ["apt-get", "--quiet", "download", PACKAGE],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    archive = next(folder.glob(f"{PACKAGE}_*.deb"), None)
    if fetched.returncode or archive is None:
        raise UnavailableError(f"apt-get download {PACKAGE}: {fetched.stderr.strip()[-300:]}")
    subprocess.run(["dpkg", "-x", archive.name, "unpacked"], cwd=folder, check=True)
    command = ["dpkg-deb", "--field", archive.name, "Version"]
    version = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder / "unpacked" / "usr" / "bin" / PACKAGE, version.stdout.strip()
