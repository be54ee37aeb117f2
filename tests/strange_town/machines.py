"""One host of the town: its disk, its start, its end."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from tests.strange_town import networks
from tests.strange_town.images import Image
from tests.strange_town.layout import FIRST_RANGE, IN_RANGE, HostPlan, Ids, in_range
from tests.strange_town.processes import TownError, end, launch, members, signal_all

NSPAWN = Path("/run/systemd/nspawn")
SHUTDOWN_SECONDS = 30.0
START_SECONDS = 10.0
POLL_SECONDS = 0.05
# The folders that we made by hand are looked at once: overlayfs then marks them (and their ctime).
MOUNT = """mount -t overlay overlay -o "$1" "$2" &&
find "$2/etc" "$2/home" "$2/root" -name none &&
shift 2 && exec "$@"
"""


def make_disk(ids: Ids, plan: HostPlan, image: Image, number: int, public_key: str) -> None:
    """Make a host's disk: its image, the town's range, and the key in each login's home."""
    folder = ids.folder / plan.name
    for part in ("upper", "work", "root"):
        (folder / part).mkdir(parents=True)
    upper = folder / "upper"
    _take_mode(upper, image, "")
    if number != FIRST_RANGE:
        _replace_range(upper, image, number)
    for login in plan.logins:
        _authorize(upper, image, login.user, public_key)


def _replace_range(upper: Path, image: Image, number: int) -> None:
    for layer in reversed(image.layers):
        for source in sorted((layer / "etc").rglob("*")):
            if source.is_symlink() or not source.is_file():
                continue
            text = source.read_bytes()
            if any(first.encode() in text for first in IN_RANGE):
                path = str(source.relative_to(layer))
                _write(upper, image, path, in_range(text.decode(), number), source)


def _authorize(upper: Path, image: Image, user: str, public_key: str) -> None:
    line = next(row for row in image.read("etc/passwd").splitlines() if row.startswith(f"{user}:"))
    owner, group, home = (line.split(":")[at] for at in (2, 3, 5))
    path = f"{home.lstrip('/')}/.ssh"
    _make_folder(upper, image, path)
    file = upper / path / "authorized_keys"
    file.write_text(f"{public_key}\n")
    file.chmod(0o600)
    for made in (upper / path, file):
        os.chown(made, int(owner), int(group))
    (upper / path).chmod(0o700)


def _write(upper: Path, image: Image, path: str, text: str, like: Path) -> None:
    _make_folder(upper, image, str(Path(path).parent))
    (upper / path).write_text(text)
    shutil.copystat(like, upper / path)
    os.chown(upper / path, like.stat().st_uid, like.stat().st_gid)


def _make_folder(upper: Path, image: Image, path: str) -> None:
    """Make a folder and those above it, each as it is in the image: the upper one counts."""
    for part in (*reversed(Path(path).parents), Path(path)):
        if str(part) != "." and not (upper / part).is_dir():
            (upper / part).mkdir()
            _take_mode(upper / part, image, str(part))


def _take_mode(made: Path, image: Image, path: str) -> None:
    for layer in image.layers:
        if (layer / path).is_dir():
            like = (layer / path).stat()
            os.chown(made, like.st_uid, like.st_gid)
            made.chmod(like.st_mode & 0o7777)
            os.utime(made, ns=(like.st_atime_ns, like.st_mtime_ns))
            return


def start(ids: Ids, plan: HostPlan, image: Image, *options: str) -> None:
    """Boot a host in a fresh network namespace; it is not waited for.

    `options` are more of systemd-nspawn's.
    """
    networks.plug_in(ids, plan)
    folder, name = ids.folder / plan.name, ids.group(plan.name)
    layers = f"lowerdir={image.lowerdir},upperdir={folder}/upper,workdir={folder}/work"
    argv = (
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNT, "sh"),
        *(layers, f"{folder}/root"),
        *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"),
        *(f"--directory={folder}/root", f"--machine={name}", f"--hostname={plan.hostname}"),
        f"--network-namespace-path=/run/netns/{ids.namespace(plan.name)}",
        *("--capability=CAP_NET_ADMIN", "--console=pipe", "--link-journal=no"),
        *("--resolv-conf=off", "--timezone=off", *options),
    )
    (folder / "pid").unlink(missing_ok=True)
    log = folder / "console.log"
    launch(name, argv, folder / "pid", log, SYSTEMD_NSPAWN_API_VFS_WRITABLE="network")


def init(ids: Ids, host: str) -> int:
    """Return the process id, on this machine, of a host's init; TownError when it does not run.

    Until it has its own root, whatever enters it would be at home on this machine.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            pid = int((ids.folder / host / "pid").read_text())
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if children and pid in members(ids.group(host)) and _has_own_root(children[0]):
                return int(children[0])
        time.sleep(POLL_SECONDS)
    raise TownError(f"{host} does not run; its console: {ids.folder / host / 'console.log'}")


def _has_own_root(pid: str) -> bool:
    return not Path(f"/proc/{pid}/root/").samefile("/")


def halt(ids: Ids, plan: HostPlan) -> None:
    """Shut a host down as its administrator would, and unplug it; its disk stays."""
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((ids.folder / plan.name / "pid").read_text()), signal.SIGTERM)
    deadline = time.monotonic() + SHUTDOWN_SECONDS
    while members(ids.group(plan.name)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    kill(ids, plan)
    networks.unplug(ids, plan)


def kill(ids: Ids, plan: HostPlan) -> None:
    """End a host's processes at once, with what nspawn leaves in /run when it is killed."""
    name, pid_file = ids.group(plan.name), ids.folder / plan.name / "pid"
    locks = _locks(pid_file) if members(name) else ()
    end(name)
    for lock in locks:
        lock.unlink(missing_ok=True)
    shutil.rmtree(NSPAWN / "propagate" / name, ignore_errors=True)


def _locks(pid_file: Path) -> tuple[Path, ...]:
    with contextlib.suppress(OSError, ValueError):
        targets = (
            link.readlink() for link in Path(f"/proc/{int(pid_file.read_text())}/fd").iterdir()
        )
        return tuple(path for path in targets if path.parent == NSPAWN / "locks")
    return ()


def freeze(ids: Ids, host: str) -> None:
    """Stop every process of a host where it stands: it hangs, its kernel still answers TCP."""
    signal_all(ids.group(host), signal.SIGSTOP)


def thaw(ids: Ids, host: str) -> None:
    """Let a frozen host go on."""
    signal_all(ids.group(host), signal.SIGCONT)
