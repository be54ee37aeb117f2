"""Looks at this machine for preflight: what it has and is, without changing anything."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from infra.errors import InfraError, Problem
from infra.lab import backbone, image, machine, package_cache, resolvers
from infra.lab.commands import ProgramError, ip_json, netns_path, run
from infra.lab.layout import Lab, refuse_elsewhere

PROGRAMS = {
    "apt-cacher-ng": "apt-cacher-ng",
    "flock": "util-linux",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ss": "iproute2",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
NAT = (
    "add table ip probe; "
    "add chain ip probe nat { type nat hook postrouting priority 100; }; "
    "add rule ip probe nat masquerade"
)
# A feature is there when its use succeeds, in a namespace that ends with the trial.
FEATURES: Mapping[str, tuple[str, ...]] = {
    "network namespaces (CONFIG_NET_NS)": ("unshare", "--net", "true"),
    "veth pairs (CONFIG_VETH)": ("unshare", "--net", "ip", "link", "add", "type", "veth"),
    "bridges (CONFIG_BRIDGE)": ("unshare", "--net", "ip", "link", "add", "type", "bridge"),
    "NAT by nf_tables (CONFIG_NF_TABLES, CONFIG_NFT_MASQ)": ("unshare", "--net", "nft", NAT),
}
OVERLAY = "overlayfs (CONFIG_OVERLAY_FS)"
OVERLAY_TRIAL = (
    'cd "$1" && mkdir lower upper work root && '
    "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root && touch root/file"
)


@dataclass(frozen=True, slots=True)
class Route:
    """A range that this machine reaches through a device of its own."""

    range: IPv4Network
    device: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the probe found. `free`: bytes by folder; `failures`: a trial's output, by feature."""

    root: bool
    missing_programs: tuple[str, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    cgroups: bool = True
    state_free: int = 0
    cache_free: int = 0
    one_disk: bool = True
    image_built: bool = False
    machines_made: int = 0
    routes: tuple[Route, ...] = ()
    port_listener: str = ""
    dropping_chains: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def gather(lab: Lab, port: int) -> Facts:
    """Look at everything; without root only at what needs no rights."""
    search = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = tuple(name for name in PROGRAMS if shutil.which(name, path=search) is None)
    if os.geteuid() != 0 or missing:
        return Facts(root=os.geteuid() == 0, missing_programs=missing)
    state, cache = _existing(lab.state), _existing(lab.cache)
    return Facts(
        root=True,
        failures=_failures(lab),
        cgroups="cgroup" in Path("/proc/mounts").read_text(encoding="utf-8"),
        state_free=shutil.disk_usage(state).free,
        cache_free=shutil.disk_usage(cache).free,
        one_disk=state.stat().st_dev == cache.stat().st_dev,
        image_built=any(lab.cache.glob("image-*-*")),
        machines_made=len(machine.names(lab)),
        routes=_routes(lab),
        port_listener=_listener(lab, port),
        dropping_chains=_dropping_chains(),
        problems=_raised(lab),
    )


def _failures(lab: Lab) -> tuple[tuple[str, str], ...]:
    trials = dict(FEATURES)
    failures: list[tuple[str, str]] = []
    with _trial_folder(lab.state) as folder:
        trials[OVERLAY] = ("unshare", "--mount", "sh", "-c", OVERLAY_TRIAL, "sh", folder)
        for feature, argv in trials.items():
            try:
                run(*argv)
            except ProgramError as error:
                failures.append((feature, error.stderr.strip() or f"exit status {error.code}"))
    return tuple(failures)


def _trial_folder(state: Path) -> "tempfile.TemporaryDirectory[str]":
    """Return an empty folder where the state folder will be, which an OSError names."""
    try:
        return tempfile.TemporaryDirectory(prefix="probe-", dir=_existing(state))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(state)) from None


def _existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _routes(lab: Lab) -> tuple[Route, ...]:
    """Return this machine's IPv4 routes but the default one and those into this lab."""
    rows = ip_json("-4", "route", "show", "table", "all")
    return tuple(
        Route(IPv4Network(row["dst"]), row["dev"])
        for row in rows
        if "dev" in row and row["dst"] != "default" and row["dev"] not in {lab.uplink, "lo"}
        if row.get("type", "unicast") == "unicast"
    )


def _listener(lab: Lab, port: int) -> str:
    try:
        ours = package_cache.running(lab)
    except InfraError:  # the lab runs from elsewhere, which is reported by itself
        return ""
    if ours or not netns_path(lab.namespace).exists():
        return ""
    return " ".join(package_cache.listeners(lab, port).split())


def _dropping_chains() -> tuple[str, ...]:
    """Return the forward chains of this machine whose policy is to drop."""
    listing: list[dict[str, Any]] = json.loads(run("nft", "-j", "list", "chains"))["nftables"]
    chains = (row["chain"] for row in listing if "chain" in row)
    return tuple(
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    )


def _raised(lab: Lab) -> tuple[Problem, ...]:
    """Return the problems that other modules find when they look, each once."""
    problems: list[Problem] = []
    for look in (
        lambda: refuse_elsewhere(lab),
        image.recipe,
        resolvers.resolvers,
        lambda: backbone.refuse_foreign_uplink(lab),
    ):
        try:
            look()
        except InfraError as error:
            problems += error.problems
    return tuple(dict.fromkeys(problems))
