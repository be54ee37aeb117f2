"""The shipped lab estate, and bundles recorded on a real Debian 12 host, fresh and hardened."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from inventory.entries import hosts
from inventory.load import load_estate
from inventory.model.estate import Estate
from inventory.model.waivers import Waiver
from inventory.paths import SHIPPED_ESTATES
from monitors.audit.judge.host_results import judge
from monitors.audit.model.controls import load_controls
from monitors.audit.model.declared import Declared, find_declared
from monitors.audit.model.results import AuditRun, HostAudit
from monitors.collection.bundle import Bundle, pack
from monitors.outside.document import OutsideView

CASES = Path(__file__).with_name("cases")
TABLE = load_controls()


@cache
def lab() -> Estate:
    return load_estate(SHIPPED_ESTATES / "lab")


def with_waivers(*waivers: Waiver) -> Estate:
    return lab().model_copy(update={"waivers": waivers})


def declared(name: str) -> Declared:
    return find_declared(lab(), name)


def declared_otherwise(host: Declared, changes: Mapping[str, Any]) -> Declared:
    """Return a host as declared, with other values of some fields, as a file writes them."""
    return TypeAdapter(Declared).validate_python({**asdict(host), **changes})


@cache
def recorded(case: str) -> Bundle:
    """Return a recorded bundle: `fresh` or `hardened`."""
    return Bundle.model_validate_json((CASES / f"{case}.json").read_bytes())


@cache
def seen(case: str, host: str = "velgora-app") -> OutsideView:
    """Return what was seen from outside of the host of a recorded bundle, as if of another host."""
    view = OutsideView.model_validate_json((CASES / f"{case}.outside.json").read_bytes())
    return view.model_copy(update={"host": host})


def seen_otherwise(view: OutsideView, changes: Mapping[str, Any]) -> OutsideView:
    """Return a view with other values at some paths, as `addresses.0.tcp.0.ssh.macs`."""
    whole = view.model_dump(mode="json")
    for path, value in changes.items():
        *before, last = path.split(".")
        place: Any = whole
        for part in before:
            place = place[int(part) if isinstance(place, list) else part]
        if not isinstance(place, list):
            assert last in place, path
            place[last] = value
        elif int(last) == len(place):
            place.append(value)
        else:
            place[int(last)] = value
    return OutsideView.model_validate_json(json.dumps(whole))


def changed(bundle: Bundle, answers: Mapping[str, Mapping[str, Any]]) -> Bundle:
    """Return a bundle in which the commands with these parts answered something else."""
    recorded = bundle.recorded
    for part, changes in answers.items():
        matching = [r for r in recorded if part in r.command]
        assert len(matching) == 1, f"{part!r} is in {len(matching)} commands"
        recorded = tuple(r.model_copy(update=changes) if r in matching else r for r in recorded)
    return bundle.model_copy(update={"recorded": recorded})


def host_audit(name: str, case: str, estate: Estate | None = None) -> HostAudit:
    """Return a lab host's results as if the recorded bundle were its own."""
    return _host_audit(name, case, (estate or lab()).waivers)


@cache
def _host_audit(name: str, case: str, waivers: tuple[Waiver, ...]) -> HostAudit:
    who, bundle = declared(name), recorded(case)
    return HostAudit(
        host=who.host,
        municipality=who.municipality,
        tier=who.tier,
        roles=who.roles,
        collected=bundle.collected,
        bundle=f"bundles/{name}/{case}.json.gz",
        bundle_sha256="ab" * 32,
        collector=1,
        commands_sha256=bundle.commands_sha256,
        clock_offset_seconds=0.5,
        results=judge(bundle, TABLE, who, waivers, outside=seen(case, name)),
    )


def audit_run(case: str, estate: Estate | None = None, label: str = "audit") -> AuditRun:
    """Return a run over the whole lab in which every host answered the recorded bundle."""
    return AuditRun(
        estate="lab",
        label=label,
        started=recorded(case).collected,
        seconds=1.5,
        controls_sha256=TABLE.sha256,
        waivers_sha256="cd" * 32,
        declared_sha256="ef" * 32,
        checks_sha256="01" * 32,
        whole=True,
        hosts=tuple(host_audit(entry.name, case, estate) for entry in hosts(lab())),
    )


def packed(case: str, host: str, clock: float | None = None) -> bytes:
    """Return a recorded bundle as a host would send it, its clock as recorded unless given."""
    update = {"host": host} | ({} if clock is None else {"clock": clock})
    return pack(recorded(case).model_copy(update=update))
