"""Holds what the records of an evidence file say of each other and of the run together.

Each record may be sealed as it is, and the file still lie: a run under another name, controls
that are not those whose hash was signed, a bundle that is not the one that was judged.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from monitors.audit.evidence.chain import RunRecord
from monitors.audit.evidence.records import (
    BUNDLES,
    CONTROLS_FILE,
    DECLARED_FILE,
    OUTSIDE,
    RESULTS,
    RUN_FILE,
    WAIVERS_FILE,
    EvidenceError,
    bundle_file,
    outside_file,
    results_file,
)

Members = Mapping[str, bytes]
SAME = ("estate", "label", "started")


def check_contents(members: Members, record: RunRecord) -> None:
    """Raise EvidenceError at the first member that contradicts the signed record or another one."""
    run = _object(RUN_FILE, members.get(RUN_FILE, b""))
    signed = record.model_dump(mode="json")
    for key, expected in {**signed["inputs"], **{k: signed[k] for k in SAME}}.items():
        if run.get(key) != expected:
            raise EvidenceError(f"{RUN_FILE}: its {key} is not that of the signed record")
    _inputs(members, signed["inputs"])
    hosts = run.get("hosts")
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise EvidenceError(f"{RUN_FILE}: names no hosts")
    _hosts(members, hosts)


def _inputs(members: Members, signed: Mapping[str, str]) -> None:
    """Hold the controls, waivers and declarations against the hashes that were signed."""
    controls, waivers, declared = (
        b",".join(members.get(name, b"").split(b"\n")[:-1])
        for name in (CONTROLS_FILE, WAIVERS_FILE, DECLARED_FILE)
    )
    for name, content, key in (
        (CONTROLS_FILE, b'{"controls":[' + controls + b"]}", "controls_sha256"),
        (WAIVERS_FILE, b"[" + waivers + b"]", "waivers_sha256"),
        (DECLARED_FILE, b"[" + declared + b"]", "declared_sha256"),
    ):
        if hashlib.sha256(content).hexdigest() != signed[key]:
            raise EvidenceError(f"{name}: not those whose hash was signed ({key})")


def _hosts(members: Members, hosts: list[str]) -> None:
    """Hold the hosts that the run names against those with results, and against their bundles."""
    expected = {results_file(host) for host in hosts}
    actual = {name for name in members if name.startswith(RESULTS)}
    if differing := sorted(expected ^ actual):
        name = differing[0]
        what = "absent" if name in expected else f"of no host that {RUN_FILE} names"
        raise EvidenceError(f"{name}: {what}")
    for host in hosts:
        _judged(members, host)
    of_hosts = {name(host) for host in hosts for name in (bundle_file, outside_file)}
    others = (n for n in members if n.startswith((BUNDLES, OUTSIDE)) and n not in of_hosts)
    if other := sorted(others):
        raise EvidenceError(f"{other[0]}: of no host that {RUN_FILE} names")


def _judged(members: Members, host: str) -> None:
    """Hold what a host was judged by against the hashes that its results have."""
    name = results_file(host)
    header = _object(name, members[name].partition(b"\n")[0])
    if header.get("host") != host:
        raise EvidenceError(f"{name} (host): says that it is of another host")
    for file, key, what in (
        (bundle_file(host), "bundle_sha256", "bundle"),
        (outside_file(host), "outside_sha256", "outside view"),
    ):
        content = members.get(file)
        digest = hashlib.sha256(content).hexdigest() if content is not None else None
        if header.get(key) != digest:
            raise EvidenceError(f"{file}: not the {what} that {name} says was judged")


def _object(name: str, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{name}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise EvidenceError(f"{name}: not a record")
    return value
