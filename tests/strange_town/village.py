"""A village's only server: one machine by itself, with its own way to the package mirrors."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.strange_town import images, machines, networks
from tests.strange_town.layout import FIRST_RANGE, HostPlan, Ids, Login
from tests.strange_town.processes import TownError, end, run

# No hexadecimal digits, so that nobody takes it for a town.
IDS = Ids("village")
NETWORK, OUTSIDE, ADDRESS = "192.168.40.0/24", "192.168.40.1/24", "192.168.40.10"
USER, PASSWORD = "marko", "Selo-lozinka-1"
PLAN = HostPlan("selo", "selo", (), (ADDRESS,), (Login(USER, "password", PASSWORD),))
DOWNLOADS = images.CACHE / "downloads"
OWNER = 1000
AUTHORITIES = "/usr/local/share/ca-certificates"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
BOOT_SECONDS = 60.0
NAT = f"""
table ip town_village {{
  chain postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {NETWORK} oifname != "{IDS.uplink}" masquerade
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Village:
    """The machine, running; `key` opens its administrator's account."""

    key: Path
    host_key: str

    def ssh(
        self, command: str, stdin: bytes | None = None, timeout: float = 60.0
    ) -> "subprocess.CompletedProcess[str]":
        """Log in as the administrator does, host key checked, and run a command in bash."""
        known = self.key.with_name("known_hosts")
        argv = (
            *("ssh", "-F", "none", "-i", str(self.key), "-o", "IdentitiesOnly=yes"),
            *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
            *("-o", f"UserKnownHostsFile={known}", "-o", "ConnectTimeout=10"),
            *("-o", "ServerAliveInterval=30", f"{USER}@{ADDRESS}", command),
        )
        done = subprocess.run(argv, input=stdin or b"", capture_output=True, timeout=timeout)
        return subprocess.CompletedProcess(
            argv, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def root(self, *command: str) -> str:
        """Run a command as root inside, not by SSH; TownError when it fails."""
        pid = str(machines.init(IDS, PLAN.name))
        enter = ("nsenter", "--target", pid, "--mount", "--uts", "--ipc", "--net", "--pid")
        return run("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *enter, *command)


@contextmanager
def village() -> Iterator[Village]:
    """Make the machine, boot it and wait for its SSH; take all of it away at the end."""
    image = images.ensure("village")
    remove()
    IDS.folder.mkdir(parents=True)
    try:
        with _forwarding():
            yield _boot(image)
    finally:
        remove()


def _boot(image: images.Image) -> Village:
    key = IDS.folder / "id_ed25519"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", USER, "-f", str(key))
    host_key = " ".join(image.read("etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
    key.with_name("known_hosts").write_text(f"{ADDRESS} {host_key}\n")
    public = key.with_suffix(".pub").read_text().strip()
    machines.make_disk(IDS, PLAN, image, FIRST_RANGE, public)
    _copy_ways_out(IDS.folder / PLAN.name / "upper")
    machines.start(IDS, PLAN, image, *_downloads())
    _plug_in()
    made = Village(key, host_key)
    _wait(made)
    made.root("update-ca-certificates")
    return made


def _copy_ways_out(upper: Path) -> None:
    """Give the machine this one's resolver, mirrors and authorities: it is on the same network."""
    for path in ("etc", AUTHORITIES.strip("/")):
        (upper / path).mkdir(parents=True, exist_ok=True)
    here = (Path("/etc/resolv.conf"), Path("/etc/pip.conf"), *Path(AUTHORITIES).glob("*.crt"))
    for file in here:
        if file.exists():
            shutil.copy(file, upper / str(file).strip("/"))
    bundle = "/etc/ssl/certs/ca-certificates.crt"  # also for those that bring authorities along
    (upper / "etc/environment").write_text(f"SSL_CERT_FILE={bundle}\n")


def _downloads() -> tuple[str, ...]:
    """Return the options that keep what was downloaded once: Debian's packages and Python's."""
    cache = f"/home/{USER}/.cache"
    upper = IDS.folder / PLAN.name / "upper" / cache.strip("/")
    folders = {DOWNLOADS / "apt": "/var/cache/apt/archives", DOWNLOADS / "pip": f"{cache}/pip"}
    for here in (*folders, upper / "pip"):
        here.mkdir(parents=True, exist_ok=True)
    for own in (DOWNLOADS / "pip", upper, upper / "pip"):
        shutil.chown(own, OWNER, OWNER)
    return tuple(f"--bind={here}:{there}" for here, there in folders.items())


def _plug_in() -> None:
    namespace = IDS.namespace(PLAN.name)
    run("ip", "link", "add", IDS.uplink, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    run("ip", "address", "add", OUTSIDE, "dev", IDS.uplink)
    run("ip", "link", "set", IDS.uplink, "up")
    run("nft", "--file", "-", stdin=NAT.encode())


@contextmanager
def _forwarding() -> Iterator[None]:
    before = FORWARDING.read_text()
    FORWARDING.write_text("1")
    try:
        yield
    finally:
        FORWARDING.write_text(before)


def _wait(made: Village) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while (done := made.ssh("true")).returncode != 0:
        if time.monotonic() > deadline:
            raise TownError(f"no login after {BOOT_SECONDS:g} s: {done.stderr}")
        time.sleep(0.5)


def remove() -> None:
    """End the machine and remove all of it but image and downloads; no error when it is gone."""
    machines.kill(IDS, PLAN)
    end(IDS.group(PLAN.name))
    networks.unplug(IDS, PLAN)
    for gone in (
        ("ip", "link", "delete", IDS.uplink),
        ("nft", "delete", "table", "ip", "town_village"),
    ):
        with contextlib.suppress(TownError):
            run(*gone)
    shutil.rmtree(IDS.folder, ignore_errors=True)
