"""Holds what the records of an evidence file say of each other and of the run together.

Each record may be sealed as it is, and the file still lie: a run under another name, controls
that are not those whose hash was signed, a host that was left out or told twice.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from monitors.audit.evidence.chain import LONGEST_RUN, RunRecord
from monitors.audit.evidence.host_contents import check_host
from monitors.audit.evidence.records import (
    BUNDLES,
    CONTROLS_FILE,
    DECLARED_FILE,
    OUTSIDE,
    RESULTS,
    RUN_FILE,
    WAIVERS_FILE,
    EvidenceError,
    Leaf,
    bundle_file,
    named,
    outside_file,
    record_lines,
    results_file,
)
from monitors.audit.evidence.run_span import RunSpan
from monitors.audit.model.canonical import canonical

Members = Mapping[str, bytes]
Values = Mapping[str, Sequence[Mapping[str, Any]]]
SAME = ("estate", "label", "started")


def check_contents(members: Members, record: RunRecord, leaves: Sequence[Leaf]) -> None:
    """Raise EvidenceError at the first member that contradicts the signed record or another one."""
    values = _values(members, leaves)
    if RUN_FILE not in values:
        raise EvidenceError(f"{RUN_FILE}: absent")
    [run] = values[RUN_FILE]
    signed = record.model_dump(mode="json")
    for key, expected in {**signed["inputs"], **{k: signed[k] for k in SAME}}.items():
        if run.get(key) != expected:
            raise EvidenceError(f"{RUN_FILE}: its {key} is not that of the signed record")
    _inputs(members, signed["inputs"])
    hosts = _hosts(members, run)
    _declared(hosts, [str(one.get("host")) for one in values.get(DECLARED_FILE, ())])
    controls = [one.get("id") for one in values.get(CONTROLS_FILE, ())]
    span = RunSpan(record.started, _lasted(run))
    for host in hosts:
        check_host(members, values[results_file(host)], host, controls, span)
    _names(values, leaves)


def _values(members: Members, leaves: Sequence[Leaf]) -> Values:
    """Return the records of each member as values; what hosts sent is not ours to spell."""
    files = dict.fromkeys(leaf.file for leaf in leaves if not leaf.file.startswith(BUNDLES))
    return {
        file: [_object(file, line) for line in record_lines(file, members[file])] for file in files
    }


def _object(name: str, content: bytes) -> Mapping[str, Any]:
    """Return a record; refused when another reader could take it for something else."""
    try:
        value = json.loads(content)
        spelled = canonical(value) == content
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{name}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise EvidenceError(f"{name}: not a record")
    if not spelled:
        raise EvidenceError(f"{name}: a record that is not in its canonical form")
    return value


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


def _hosts(members: Members, run: Mapping[str, Any]) -> Sequence[str]:
    """Return the hosts that the run names, each once; they are those that the members are of."""
    hosts, watched = run.get("hosts"), run.get("watched", [])
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise EvidenceError(f"{RUN_FILE}: names no hosts")
    if not isinstance(watched, list) or not all(isinstance(one, dict) for one in watched):
        raise EvidenceError(f"{RUN_FILE}: names no hosts that are only watched")
    if twice := _first_twice([*hosts, *(str(one.get("host")) for one in watched)]):
        raise EvidenceError(f"{RUN_FILE}: names {twice!a} twice")
    expected = {results_file(host) for host in hosts}
    actual = {name for name in members if name.startswith(RESULTS)}
    if differing := sorted(expected ^ actual):
        name = differing[0]
        what = "absent" if name in expected else f"of no host that {RUN_FILE} names"
        raise EvidenceError(f"{name}: {what}")
    of_hosts = {name(host) for host in hosts for name in (bundle_file, outside_file)}
    others = (n for n in members if n.startswith((BUNDLES, OUTSIDE)) and n not in of_hosts)
    if other := sorted(others):
        raise EvidenceError(f"{other[0]}: of no host that {RUN_FILE} names")
    return hosts


def _declared(hosts: Sequence[str], declared: Sequence[str]) -> None:
    """Hold the hosts of the run against those that it was to ask."""
    if twice := _first_twice(declared):
        raise EvidenceError(f"{DECLARED_FILE}: declares {twice!a} twice")
    if strange := sorted(set(hosts) - set(declared)):
        raise EvidenceError(f"{results_file(strange[0])}: {DECLARED_FILE} does not declare it")
    if missing := sorted(set(declared) - set(hosts)):
        raise EvidenceError(f"{RUN_FILE}: leaves out {missing[0]!a}, which {DECLARED_FILE} has")


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _lasted(run: Mapping[str, Any]) -> timedelta:
    seconds = run.get("seconds")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_RUN.total_seconds():
        raise EvidenceError(f"{RUN_FILE}: took no time that a run can take: {seconds!a} s")
    return timedelta(seconds=seconds)


def _names(values: Values, leaves: Sequence[Leaf]) -> None:
    """Hold the names of leaves, by which people find a record, against the records."""
    names = {
        file: iter([named(file, number, one) for number, one in enumerate(records)])
        for file, records in values.items()
    }
    for leaf in leaves:
        if leaf.name != (next(names[leaf.file]) if leaf.file in names else ""):
            raise EvidenceError(f"leaves.txt: another name than that of the record: {leaf.title}")
