"""The same results seen from each framework: a reference, its controls, the hosts that meet it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from monitors.audit.model.controls import ControlTable, FrameworkReferences
from monitors.audit.model.results import AuditRun, Outcome
from monitors.audit.reports.model import Framework, Match, ReferenceLine

UNCONFIRMED = "~"
# Of several controls on one host, the word that speaks for all; None: none of them applies.
WORST_FIRST = ("fail", "error", "waived", "pass")

Words = Mapping[str, Mapping[str, str]]


def frameworks(run: AuditRun, table: ControlTable) -> tuple[Framework, ...]:
    """Return every framework that controls refer to, references in their natural order."""
    words = _words(run)
    return tuple(
        Framework(
            key=key,
            references=tuple(
                _reference(reference, tuple(matches), words)
                for reference, matches in sorted(_matches(key, table), key=lambda r: _natural(r[0]))
            ),
        )
        for key in FrameworkReferences.model_fields
    )


def _words(run: AuditRun) -> Words:
    """Return, by control, one word a host where it applies."""
    words: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for host in run.hosts:
        for result in host.results:
            if result.outcome is not Outcome.SKIP:
                word = "waived" if result.is_waived else result.outcome.value
                words[result.control][host.host] = word
    return words


def _matches(key: str, table: ControlTable) -> Iterable[tuple[str, list[Match]]]:
    matches: defaultdict[str, list[Match]] = defaultdict(list)
    for control in table.controls:
        for reference in getattr(control.references, key):
            bare = reference.removesuffix(UNCONFIRMED)
            matches[bare].append(Match(control=control.id, confirmed=bare == reference))
    return matches.items()


def _reference(reference: str, matches: tuple[Match, ...], words: Words) -> ReferenceLine:
    """Return a reference with its hosts, each counted by the worst of its controls."""
    on_host: defaultdict[str, set[str]] = defaultdict(set)
    for match in matches:
        for host, word in words.get(match.control, {}).items():
            on_host[host].add(word)
    worst = [
        next(word for word in WORST_FIRST if word in outcomes) for outcomes in on_host.values()
    ]
    return ReferenceLine(
        reference=reference,
        matches=matches,
        hosts=len(worst),
        passing=worst.count("pass"),
        waived=worst.count("waived"),
        failing=worst.count("fail"),
        undetermined=worst.count("error"),
    )


def _natural(reference: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts 5.1.9 before 5.1.10, and R9 before R10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", reference)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
