"""The town: up, its facts, down."""

import fcntl
import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.strange_town import images as image_cache
from tests.strange_town import machines, networks
from tests.strange_town.images import Image
from tests.strange_town.layout import FIRST_RANGE, PLANS, RANGES, STATE, HostPlan, Ids, in_range
from tests.strange_town.processes import TownError, end, run


@dataclass(frozen=True, slots=True)
class TownHost:
    """What a town's administrator would tell about a host, for whoever is to connect to it.

    `addresses`: all of them; `address`: the one that it is managed at, reachable through `jump`
    (another host's name) where there is one. `sudo` and `password` as in `layout.Login`.
    `host_keys`: OpenSSH public keys, read from the disk.
    """

    name: str
    hostname: str
    address: str
    addresses: tuple[str, ...]
    port: int
    user: str
    sudo: str
    password: str
    jump: str | None
    host_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """A town that is up; `key`: the private key that opens every login of `layout.PLANS`."""

    id: str
    number: int
    hosts: dict[str, TownHost]
    images: dict[str, Image]
    key: Path

    @property
    def ids(self) -> Ids:
        """How its things are called."""
        return Ids(self.id)

    @property
    def public_key(self) -> str:
        """The key's public half, as in authorized_keys."""
        return self.key.with_suffix(".pub").read_text(encoding="utf-8").strip()

    @property
    def network(self) -> str:
        """The front network, on which this machine is."""
        return f"172.27.{self.number}.0/26"

    @property
    def inside(self) -> str:
        """The network behind the jump host."""
        return networks.inside(self.number)

    @property
    def authority(self) -> str:
        """The PEM certificate of the authority that the town's web sites have theirs from."""
        return self.images["web"].read("etc/nginx/tls/ca.pem")

    def login(self, host: str, user: str) -> TownHost:
        """Return a host's facts for another of its logins (`layout.PLANS` names them)."""
        plan = plan_of(host)
        login = next(login for login in plan.logins if login.user == user)
        facts = asdict(self.hosts[host])
        return TownHost(**facts | asdict(login))

    def ssh(self, host: str, *command: str, user: str = "") -> "subprocess.CompletedProcess[str]":
        """Log in with OpenSSH as the administrator does, host keys checked, and run a command."""
        facts = self.login(host, user) if user else self.hosts[host]
        argv = ("ssh", *self.ssh_options(facts), facts.address, *command)
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
        )

    def ssh_options(self, facts: TownHost) -> tuple[str, ...]:
        """Return OpenSSH's options for a host: key, pinned host keys, jump host."""
        known = self.key.with_name("known_hosts")
        common = (
            *("-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"),
            *("-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known}"),
            *("-o", "ConnectTimeout=30", "-i", str(self.key)),
        )
        options = (*common, "-l", facts.user, "-p", str(facts.port))
        if facts.jump is None:
            return options
        jump = self.hosts[facts.jump]
        words = ("ssh", *self.ssh_options(jump), "-W", "%h:%p", jump.address)
        return (*options, "-o", f"ProxyCommand={' '.join(words)}")

    def run(
        self, host: str, *command: str, stdin: bytes | None = None, timeout: float = 60.0
    ) -> str:
        """Run a command as root inside a host, not by SSH: no login is logged.

        For tests that prepare something; TownError when it fails.
        """
        pid = str(machines.init(self.ids, host))
        enter = ("nsenter", "--target", pid, "--mount", "--uts", "--ipc", "--net", "--pid")
        clean = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        return run(*clean, *enter, *command, stdin=stdin, timeout=timeout)

    def root(self, host: str) -> Path:
        """Return a running host's file system as this machine sees it."""
        return Path(f"/proc/{machines.init(self.ids, host)}/root")

    def namespace(self, host: str) -> Path:
        """Return a host's network namespace, for `nsenter --net=`."""
        return networks.NAMESPACES / self.ids.namespace(host)

    def halt(self, host: str) -> None:
        """Shut a host down; its disk stays."""
        machines.halt(self.ids, plan_of(host))

    def start(self, host: str) -> None:
        """Boot a host that was shut down; `wait` for it."""
        machines.start(self.ids, plan_of(host), self.images[host])

    @contextmanager
    def frozen(self, host: str) -> Iterator[None]:
        """Hold every process of a host still: connections are made, nobody answers."""
        machines.freeze(self.ids, host)
        try:
            yield
        finally:
            machines.thaw(self.ids, host)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a town that is up; `owner`: as `up` was told."""

    town: Town
    owner: int


RECORD = TypeAdapter(Record)


def plan_of(host: str) -> HostPlan:
    """Return a host's plan."""
    return next(plan for plan in PLANS if plan.name == host)


def up(*, owner: int = 0) -> Town:
    """Make a town and boot it; it is not waited for (`prober.wait` does).

    `owner`: the process for which it is there; a town whose owner is gone is taken down by the
    next one that comes up.
    """
    made = {plan.name: image_cache.ensure(plan.name) for plan in PLANS}
    with _lock():
        town = _register(made, owner)
    try:
        networks.lay(town.ids, town.number)
        for plan in PLANS:
            image = made[plan.name]
            machines.make_disk(town.ids, plan, image, town.number, town.public_key)
            machines.start(town.ids, plan, image)
    except BaseException:
        down(town.id)
        raise
    return town


def down(town_id: str) -> None:
    """End a town and remove all of it but the images; no error when half of it is there."""
    ids = Ids(town_id)
    if not ids.folder.is_dir():
        raise TownError(f"no town {town_id}; there are: {' '.join(ids_on_disk()) or 'none'}")
    for plan in PLANS:
        machines.kill(ids, plan)
        end(ids.group(plan.name))
    networks.take_up(ids, _number(town_id), PLANS)
    gone = ids.folder.replace(ids.folder.with_name(f".{town_id}"))
    shutil.rmtree(gone)


def find(town_id: str) -> Town:
    """Return a town that is up."""
    try:
        return _record(town_id).town
    except FileNotFoundError:
        raise TownError(f"no town {town_id}; there are: {' '.join(ids_on_disk())}") from None


def _record(town_id: str) -> Record:
    return RECORD.validate_json((Ids(town_id).folder / "town.json").read_bytes())


def _number(town_id: str) -> int:
    """Return a town's range, of whatever version its record is; 0 when it never had one."""
    try:
        record = json.loads((Ids(town_id).folder / "town.json").read_bytes())
    except FileNotFoundError:
        return 0
    return int(record.get("town", record).get("number", 0))


def ids_on_disk() -> tuple[str, ...]:
    """Return the ids of the towns on this machine."""
    return tuple(sorted(path.name for path in STATE.glob("[0-9a-f]*") if path.is_dir()))


def _register(made: dict[str, Image], owner: int) -> Town:
    _take_down_orphans()
    town_id = secrets.token_hex(2)
    folder = Ids(town_id).folder
    number = _free_range()
    folder.mkdir(mode=0o755)
    key = folder / "id_ed25519"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "town", "-f", str(key))
    hosts = {plan.name: _facts(plan, made[plan.name], number) for plan in PLANS}
    town = Town(town_id, number, hosts, made, key)
    (folder / "known_hosts").write_text("".join(map(_known, hosts.values())))
    (folder / "town.json").write_bytes(RECORD.dump_json(Record(town, owner), indent=2))
    return town


def _take_down_orphans() -> None:
    for town_id in ids_on_disk():
        record = Ids(town_id).folder / "town.json"
        owner = json.loads(record.read_bytes())["owner"] if record.exists() else None
        if owner is None or (owner and not Path(f"/proc/{owner}").exists()):
            down(town_id)


def _free_range() -> int:
    """Return a range that no town has, of whatever version: one has no route before it is laid."""
    taken = {_number(town_id) for town_id in ids_on_disk()}
    for number in range(FIRST_RANGE, FIRST_RANGE + RANGES):
        if number not in taken and not networks.in_use(number):
            return number
    raise TownError(f"{RANGES} towns are up: {' '.join(ids_on_disk())}: take one of yours down")


def _facts(plan: HostPlan, image: Image, number: int) -> TownHost:
    login = plan.logins[0]
    addresses = tuple(in_range(address, number) for address in plan.addresses)
    kinds = ("ed25519", "ecdsa", "rsa")
    keys = (image.read(f"etc/ssh/ssh_host_{kind}_key.pub") for kind in kinds)
    return TownHost(
        plan.name,
        plan.hostname,
        addresses[0],
        addresses,
        plan.port,
        login.user,
        login.sudo,
        login.password,
        plan.jump,
        tuple(" ".join(key.split()[:2]) for key in keys),
    )


def _known(host: TownHost) -> str:
    name = host.address if host.port == 22 else f"[{host.address}]:{host.port}"
    return "".join(f"{name} {key}\n" for key in host.host_keys)


@contextmanager
def _lock() -> Iterator[None]:
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
