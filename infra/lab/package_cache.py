"""The lab hosts' shared package cache: apt-cacher-ng in the backbone's namespace."""

import fcntl
import os
import pwd
import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from infra.driver.spec import SPEC
from infra.errors import failed
from infra.lab import units
from infra.lab.cgroups import Limits
from infra.lab.commands import in_netns, netns_path
from infra.lab.layout import Lab
from inventory.files import write_whole

UNIT = "package-cache"
USER = "apt-cacher-ng"
PROGRAM = "/usr/sbin/apt-cacher-ng"
DEFAULT_PORT = 3142  # apt-cacher-ng has always used it
START_SECONDS = 10.0
POLL_SECONDS = 0.02
# Ten hosts that install at once have it at a quarter of either.
LIMITS = Limits(memory_mib=512, tasks=512)


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """Where the cache listens: an address that the backbone has."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    address: IPv4Address
    port: int = DEFAULT_PORT

    @property
    def url(self) -> str:
        """What hosts put into Acquire::http::Proxy."""
        return f"http://{self.address}:{self.port}"


def ensure(lab: Lab, spec: CacheSpec) -> None:
    """Start the cache; one that runs with the same settings stays. InfraError: port taken."""
    file = lab.runtime / UNIT / "acng.conf"
    wanted = settings(spec)
    if running(lab) and file.exists() and file.read_text(encoding="utf-8") == wanted:
        return
    remove(lab)
    _refuse_taken_port(lab, spec)
    folder = _prepare(_free_folder(lab))
    file.parent.mkdir(mode=0o755, exist_ok=True)
    write_whole(file, wanted, mode=0o644)
    units.start(lab, _unit(lab, file.parent, folder))
    _wait_until_listening(lab, spec)


def running(lab: Lab) -> bool:
    """Tell whether the cache runs, in the backbone that is there now."""
    if units.running(lab, UNIT) is None or not netns_path(lab.namespace).exists():
        return False
    return f"pid={units.running(lab, UNIT)}," in in_netns(lab.namespace, "ss", "-Htlnp")


def remove(lab: Lab) -> None:
    """Stop the cache and keep its packages; no error when it does not run."""
    units.end(lab, UNIT)


def listeners(lab: Lab, port: int) -> str:
    """Return who listens on a TCP port inside the backbone, as `ss` prints it; empty: nobody."""
    return in_netns(lab.namespace, "ss", "-Htlnp", f"sport = :{port}").strip()


def settings(spec: CacheSpec) -> str:
    """Return acng.conf: a plain cache for whatever archive the hosts' sources name."""
    values = {
        "BindAddress": spec.address,
        "Port": spec.port,
        "SupportDir": "/usr/lib/apt-cacher-ng",
        "ForeGround": 1,
        "AllowUserPorts": 0,  # a mirror may listen on any port
        "PassThroughPattern": ":443$",  # archives over TLS are passed on, not kept
        "ExThreshold": 30,  # days that a package nobody lists any more is kept
    }
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def _wait_until_listening(lab: Lab, spec: CacheSpec) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not listeners(lab, spec.port):
        if units.running(lab, UNIT) is None or time.monotonic() > deadline:
            raise failed(
                f"package cache at {spec.address} port {spec.port}",
                expected="that apt-cacher-ng listens there",
                found=units.last_lines(_log_path(lab)),
                advice=f"read {_log_path(lab)}",
            )
        time.sleep(POLL_SECONDS)


def _log_path(lab: Lab) -> Path:
    return lab.state / "package-cache.log"


def _refuse_taken_port(lab: Lab, spec: CacheSpec) -> None:
    taken = listeners(lab, spec.port)
    if taken:
        raise failed(
            f"package cache at {spec.address} port {spec.port}",
            expected="a free port",
            found=" ".join(taken.split()),
            advice="end that process, or give the lab another cache port",
        )


def _free_folder(lab: Lab) -> Path:
    """Return the shared folder, or one of the estate's own while another estate has that one.

    Two of these daemons must not write to one folder.
    """
    shared = lab.cache / "apt"
    shared.parent.mkdir(parents=True, exist_ok=True)
    with _lock_path(shared).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return lab.cache / f"apt-{lab.estate}"
    return shared


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _log_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-log")


def _prepare(folder: Path) -> Path:
    user = pwd.getpwnam(USER)
    for path in (folder, _log_folder(folder)):
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        os.chown(path, user.pw_uid, user.pw_gid)
    return folder


def _unit(lab: Lab, settings_folder: Path, folder: Path) -> units.Unit:
    return units.Unit(
        name=UNIT,
        netns=lab.namespace,
        log=_log_path(lab),
        limits=LIMITS,
        argv=(
            *("flock", "--no-fork", "--nonblock", str(_lock_path(folder))),
            *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"),
            *(PROGRAM, "-c", str(settings_folder)),
            *(f"CacheDir={folder}", f"LogDir={_log_folder(folder)}"),
        ),
    )
