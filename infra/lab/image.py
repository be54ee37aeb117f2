"""The Debian 12 image that all lab machines share as the lower layer of their overlay."""

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from infra.driver.spec import SPEC
from infra.errors import failed
from infra.lab import units
from infra.lab.commands import ProgramError
from infra.lab.layout import Lab
from infra.lab.mirrors import Source, debian_sources

Report = Callable[[str], None]
UNIT = "image-build"

# Older package lists name versions that the mirror no longer has.
MAX_AGE = timedelta(days=14)

# What Debian's own images for clouds have, as far as a lab machine without a kernel of its own can.
PACKAGES = (
    "apparmor",
    "ca-certificates",  # TLS towards package mirrors and services
    "curl",
    "dbus",  # systemctl and hostnamectl over SSH
    "iproute2",  # addresses and routes, for people and facts
    "iputils-ping",
    "less",  # journalctl's pager
    "logrotate",
    "lsb-release",
    "nftables",  # the firewall closes before anything else is installed
    "openssh-server",  # the only way in
    "procps",  # ps and sysctl, for people and checks
    "python3",  # Ansible's modules
    "python3-apt",  # Ansible's apt module
    "sudo",  # become
    "systemd-sysv",  # /sbin/init
    "unattended-upgrades",
    "xz-utils",
)
DPKG_OPTIONS = (
    "force-unsafe-io",  # no fsync a file: a lab disk can be made again
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
)
APT_OPTIONS = (
    'APT::Install-Recommends "false"',
    'Acquire::Languages "none"',
)
# Written into every image; the text is part of the recipe.
FILES = {
    # Only this key exists, and a later upgrade of openssh-server makes no others.
    "etc/ssh/sshd_config.d/10-host-key.conf": "HostKey /etc/ssh/ssh_host_ed25519_key\n",
}
# Switched off, not masked: a playbook that wants one enables it.
DISABLED = (
    "multi-user.target.wants/e2scrub_reap.service",  # no LVM in a lab machine
    "getty.target.wants/getty@tty1.service",  # no terminal
    "timers.target.wants/apt-daily.timer",  # would hold apt's lock while a playbook runs
    "timers.target.wants/apt-daily-upgrade.timer",  # likewise
    "timers.target.wants/e2scrub_all.timer",  # no LVM
    "timers.target.wants/fstrim.timer",  # no block device
)
# They look for disks, crypt volumes and kernel parameters that no lab machine has, each time that
# systemd reads its units anew, which packages have it do by the dozen.
WITHOUT_GENERATORS = (
    "systemd-cryptsetup-generator",
    "systemd-debug-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-integritysetup-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-system-update-generator",
    "systemd-veritysetup-generator",
)
# apt reads its lists into a cache, which would take each machine four seconds of a processor.
HOOKS = (
    'chroot "$1" apt-cache gencaches',
    'rm -f "$1"/var/cache/apt/archives/*.deb',
)
ENABLED = {
    "multi-user.target.wants/systemd-networkd.service": "systemd-networkd.service",
}


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image of Debian 12; what is in it is this module's matter, so there is nothing to say."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides what is in an image."""

    sources: tuple[Source, ...]

    @property
    def digest(self) -> str:
        """Twelve hex digits that name the recipe."""
        parts = (
            *map(str, self.sources),
            *PACKAGES,
            *DPKG_OPTIONS,
            *APT_OPTIONS,
            *DISABLED,
            *WITHOUT_GENERATORS,
            *HOOKS,
            *map(str, sorted(FILES.items())),
            *map(str, sorted(ENABLED.items())),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@cache
def recipe() -> Recipe:
    """Return the recipe of the image on this machine."""
    return Recipe(debian_sources())


def find(lab: Lab, digest: str) -> Path | None:
    """Return the newest image of a recipe, of any age, or None."""
    return max(lab.cache.glob(f"image-{digest}-[0-9]*"), default=None)


def newest(lab: Lab) -> Path:
    """Return the image that new machines start from; InfraError when none is built yet."""
    image = find(lab, recipe().digest)
    if image is None:
        raise failed(
            f"base image in {lab.cache}",
            expected="one of the present recipe",
            found="none",
            advice="make the resource bastide:lab:Image first: the machine must depend on it",
        )
    return image


def ensure(lab: Lab, report: Report) -> Path:
    """Return a current image, built first when there is none; one build at a time on a machine."""
    wanted = recipe()
    units.end(lab, UNIT)  # a build whose run was killed
    with _lock(lab.cache / "image.lock", report) as lock:
        image = find(lab, wanted.digest)
        if image is not None and _is_current(image):
            return image
        return _build(lab, wanted, report, lock)


def _is_current(image: Path) -> bool:
    built = datetime.strptime(image.name.rsplit("-", 1)[1], "%Y%m%d").replace(tzinfo=UTC)
    return datetime.now(UTC) - built < MAX_AGE


@contextmanager
def _lock(path: Path, report: Report) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another run that builds the image")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _build(lab: Lab, wanted: Recipe, report: Report, lock: int) -> Path:
    for stale in lab.cache.glob(".image-*"):  # left by a build that was killed: we hold the lock
        shutil.rmtree(stale)
    name = f"image-{wanted.digest}-{datetime.now(UTC):%Y%m%d}"
    fresh = lab.cache / f".{name}.{secrets.token_hex(4)}"
    report(f"building the base image {name} (about half a minute)")
    try:
        _mmdebstrap(lab, command(fresh, wanted), report, lock)
        finish(fresh)
        fresh.replace(lab.cache / name)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return lab.cache / name


def command(target: Path, wanted: Recipe) -> tuple[str, ...]:
    """Return the mmdebstrap command that builds a recipe; package lists stay inside."""
    return (
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        "--skip=cleanup/apt/lists,cleanup/apt/cache",
        f"--include={','.join(PACKAGES)}",
        *(f"--customize-hook={hook}" for hook in HOOKS),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        *(f"--aptopt={option}" for option in APT_OPTIONS),
        wanted.sources[0].suite,
        str(target),
        *map(str, wanted.sources),
    )


def _mmdebstrap(lab: Lab, argv: tuple[str, ...], report: Report, lock: int) -> None:
    """Run the build as a unit with a mount namespace of its own; it keeps the lock while it lives.

    When we are killed it may live on: it is then ended by the estate's next run, and waited for
    by another estate's.
    """
    lines: list[str] = []
    unit = units.launcher(lab, UNIT, ("unshare", "--mount", "--propagation", "private", *argv))
    with subprocess.Popen(
        unit,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        pass_fds=(lock,),
    ) as process:
        for line in process.stderr or ():
            lines.append(line)
            if line.startswith("I: ") and line.endswith("...\n"):  # its steps, not its remarks
                report(line.removeprefix("I: ").strip())
    units.end(lab, UNIT)
    if process.returncode != 0:
        raise ProgramError(argv, process.returncode, "".join(lines))


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def finish(root: Path) -> None:
    """Turn a fresh Debian tree into the image: nothing in it is one machine's own."""
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("etc/machine-id", "etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    units = root / "etc/systemd/system"
    for wanted_by in DISABLED:
        (units / wanted_by).unlink(missing_ok=True)
    generators = root / "etc/systemd/system-generators"
    generators.mkdir(parents=True, exist_ok=True)
    for generator in WITHOUT_GENERATORS:
        (generators / generator).symlink_to("/dev/null")
    for link, unit in ENABLED.items():
        (units / link).parent.mkdir(parents=True, exist_ok=True)
        (units / link).unlink(missing_ok=True)
        (units / link).symlink_to(f"/lib/systemd/system/{unit}")
