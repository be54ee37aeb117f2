"""Holds what an evidence file says of one host together: its results against what they came from.

Who holds the key can seal any results; what they say that they were judged by has to be there, of
that host and of that run, and a host that sent nothing can have met no control.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from monitors.audit.evidence.records import (
    EvidenceError,
    bundle_file,
    outside_file,
    results_file,
)
from monitors.audit.evidence.run_span import RunSpan
from monitors.audit.model.results import Outcome

# What can be said of a control on a host that was not asked.
UNASKED = (Outcome.ERROR, Outcome.SKIP)
MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
Record = Mapping[str, Any]


def check_host(
    members: Mapping[str, bytes],
    records: Sequence[Record],
    host: str,
    controls: Sequence[Any],
    span: RunSpan,
) -> None:
    """Raise EvidenceError at the first thing that does not fit.

    `records` are the host's own and one result a control, `controls` their ids in order.
    """
    name = results_file(host)
    header, *results = records
    if header.get("host") != host:
        raise EvidenceError(f"{name} (host): says that it is of another host")
    _judged_by(members, header, host)
    if [result.get("control") for result in results] != controls:
        raise EvidenceError(
            f"{name}: {len(results)} results, which are not those of the {len(controls)} controls"
        )
    if bundle_file(host) not in members:
        _unasked(members, header, results, host)
    elif header.get("problem"):
        raise EvidenceError(f"{name} (host): says that it could not be asked, and has a bundle")
    elif stray := span.stray(_collected(name, header)):
        raise EvidenceError(f"{name} (host): {stray}")


def _judged_by(members: Mapping[str, bytes], header: Record, host: str) -> None:
    """Hold what a host was judged by against the hashes that its results have."""
    for file, key, what in (
        (bundle_file(host), "bundle_sha256", "bundle"),
        (outside_file(host), "outside_sha256", "outside view"),
    ):
        content = members.get(file)
        digest = hashlib.sha256(content).hexdigest() if content is not None else None
        if header.get(key) != digest:
            name = results_file(host)
            raise EvidenceError(f"{file}: not the {what} that {name} says was judged")


def _unasked(
    members: Mapping[str, bytes], header: Record, results: Sequence[Record], host: str
) -> None:
    name = results_file(host)
    if not header.get("problem"):
        raise EvidenceError(f"{name} (host): has no bundle, and no reason why there is none")
    for result in results:
        if result.get("outcome") not in UNASKED:
            raise EvidenceError(
                f"{name} ({result['control']}): {result.get('outcome')!a} without a bundle"
            )
    if outside_file(host) in members:
        raise EvidenceError(f"{outside_file(host)}: of a host that has no bundle")


def _collected(name: str, header: Record) -> datetime:
    try:
        return MOMENT.validate_python(header.get("collected"))
    except ValidationError:
        raise EvidenceError(f"{name} (host): does not say when it was asked") from None
