"""The town's images: a Debian each release, and one layer a host on top, built once and kept.

An image is named by the hash of the scripts that make it: another script, another image.
"""

import contextlib
import fcntl
import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.strange_town.processes import TownError, run_grouped

CACHE = Path("/var/cache/strange-town")
NSPAWN = Path("/run/systemd/nspawn")
SCRIPTS = Path(__file__).parent / "hosts"
KIND_BASE = {
    "jump": "base12",
    "web": "base12",
    "files": "base12",
    "bare": "base12",
    "new": "base13",
    "village": "base12",
}
Maker = Callable[[Path, Path], None]  # makes `image` in a work folder, with a log
OWN = ("--propagation", "private")
# The second step has a network of its own, empty, and with it the right to make rules.
STEPS = (
    ("packages", ("--resolv-conf=replace-host",)),
    ("configure", ("--private-network", "--resolv-conf=off")),
)
# The overlay is mounted in a mount namespace of the build's own: it ends with it.
BUILD = 'mount -t overlay overlay -o "$1" "$2" && shift 2 && exec "$@"'


@dataclass(frozen=True, slots=True)
class Image:
    """The layers of a host's image, the lowest last, as overlayfs lists them."""

    kind: str
    layers: tuple[Path, ...]

    @property
    def lowerdir(self) -> str:
        """Return the layers for the mount option of that name."""
        return ":".join(map(str, self.layers))

    def read(self, path: str) -> str:
        """Return a file of the image."""
        for layer in self.layers:
            with contextlib.suppress(FileNotFoundError):
                return (layer / path).read_text(encoding="utf-8")
        raise TownError(f"image {self.kind}: no {path}")


def ensure(kind: str) -> Image:
    """Return a host's image, built when it is not there; one build at a time on a machine."""
    base = KIND_BASE[kind]
    lower = CACHE / f"{base}-{_digest(f'{base}.sh')}"
    layer = CACHE / f"{kind}-{_digest(f'{base}.sh', 'common.sh', f'{kind}.sh')}"
    if not (lower.is_dir() and layer.is_dir()):
        with _lock():
            if not lower.is_dir():
                _build(lower, lambda fresh, log: _bootstrap(base, fresh, log))
            if not layer.is_dir():
                _build(layer, lambda fresh, log: _add_layer(kind, lower, fresh, log))
    return Image(kind, (layer, lower))


def _digest(*scripts: str) -> str:
    texts = b"\0".join((SCRIPTS / script).read_bytes() for script in scripts)
    return hashlib.sha256(texts).hexdigest()[:12]


@contextmanager
def _lock() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for stale in CACHE.glob(".*"):  # left by a build that was killed: we hold the lock
            shutil.rmtree(stale)
        yield


def _build(target: Path, make: Maker) -> None:
    """Make an image's folder aside and rename it: it is there whole or not at all."""
    work = CACHE / f".{target.name}.{secrets.token_hex(4)}"
    work.mkdir()
    log = CACHE / f"{target.name}.log"
    log.unlink(missing_ok=True)
    try:
        make(work, log)
        (work / "image").replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bootstrap(base: str, work: Path, log: Path) -> None:
    script = ("sh", str(SCRIPTS / f"{base}.sh"), str(work / "image"))
    _run_build(work, ("unshare", "--mount", *OWN, *script), log)
    for key in (work / "image/etc/ssh").glob("ssh_host_*"):
        key.unlink()


def _add_layer(kind: str, lower: Path, work: Path, log: Path) -> None:
    for part in ("image", "work", "root"):
        (work / part).mkdir()
    (work / "image").chmod(0o755)
    layers = f"lowerdir={lower},upperdir={work}/image,workdir={work}/work"
    enter = ("unshare", "--mount", *OWN, "sh", "-c", BUILD, "sh", layers, f"{work}/root")
    script = f"ssh-keygen -q -A && . /build/{kind}.sh"
    try:
        for step, network in STEPS:
            inside = (f"--setenv=STEP={step}", *network, "sh", "-c", script)
            _run_build(work, (*enter, *_nspawn(kind, work), *inside), log)
    finally:
        shutil.rmtree(NSPAWN / "propagate" / f"town-build-{kind}", ignore_errors=True)
    etc = work / "image/etc"
    (etc / "resolv.conf.town").replace(etc / "resolv.conf")
    with contextlib.suppress(OSError):
        (work / "image/build").rmdir()


def _nspawn(kind: str, work: Path) -> tuple[str, ...]:
    return (
        *("systemd-nspawn", "--quiet", "--as-pid2", "--register=no", "--keep-unit"),
        *(f"--directory={work}/root", f"--machine=town-build-{kind}", "--console=pipe"),
        *("--timezone=off", "--link-journal=no", f"--bind-ro={SCRIPTS}:/build"),
    )


def _run_build(work: Path, argv: tuple[str, ...], log: Path) -> None:
    status = run_grouped(f"build-{work.name.strip('.')}", argv, work / "pid", log)
    if status != 0:
        last = " / ".join(log.read_text(errors="replace").splitlines()[-10:])
        raise TownError(f"{argv[-1]}: exit {status}: {last} (all of it: {log})")
