"""Judges a kept bundle again, by today's rules or by those of a date; touches no host."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from inventory.entries import hosts
from inventory.model.estate import Estate
from inventory.model.waivers import Waiver
from monitors.audit.archive.bundles import read_bundle, read_view
from monitors.audit.evidence.inputs import CONTROLS, DECLARED, WAIVERS, in_force
from monitors.audit.judge.host_results import judge_host
from monitors.audit.model.controls import ControlTable
from monitors.audit.model.declared import Declared, UndeclaredHostError, declared_of
from monitors.audit.model.own_controls import controls_of
from monitors.audit.model.results import HostAudit


@dataclass(frozen=True, slots=True)
class Basis:
    """What a bundle is judged by."""

    controls: ControlTable
    waivers: tuple[Waiver, ...]
    declared: tuple[Declared, ...]
    own_checks: tuple[Path, ...] = ()


def basis_today(estate: Estate) -> Basis:
    """Return today's control table, and the waivers and hosts that the estate declares."""
    declared = tuple(declared_of(entry) for entry in hosts(estate))
    return Basis(controls_of(estate.own), estate.waivers, declared, estate.own.checks)


def basis_on(state: Path, on: date, own_checks: tuple[Path, ...] = ()) -> Basis:
    """Return what was in force on a date, as sealed runs kept it; checks are always today's.

    Raises InputsError when that was not kept, ChainError when the chain of runs is broken.
    """
    hashes = in_force(state, on)
    return Basis(
        CONTROLS.load(state, hashes.controls_sha256),
        WAIVERS.load(state, hashes.waivers_sha256),
        DECLARED.load(state, hashes.declared_sha256),
        own_checks,
    )


def replay(file: Path, basis: Basis) -> HostAudit:
    """Judge a kept bundle, with the outside view beside it; equal inputs give equal bytes.

    Raises BundleError when the file is not a bundle or the view beside it is none,
    UndeclaredHostError when its host is not declared in the basis, OSError when the file cannot be
    read.
    """
    kept = read_bundle(file)
    bundle = kept.bundle
    declared = {host.host: host for host in basis.declared}
    if bundle.host not in declared:
        names = ", ".join(declared)
        raise UndeclaredHostError(f"{bundle.host}: not declared; declared hosts: {names}")
    path = Path("bundles", bundle.host, file.name)
    judged = judge_host(
        bundle,
        basis.controls,
        declared[bundle.host],
        basis.waivers,
        path,
        basis.own_checks,
        read_view(file),
    )
    return judged.model_copy(update={"bundle_sha256": kept.sha256})
