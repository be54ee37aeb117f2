"""Each node and each link of a campus with redundant links is cut once: one alert each, or none.

A link with another way beside it silences nothing, so nothing is told here: that is a ticket of its
port (PortDown, UplinkDown). Of a leaf that is a device the alert is a ticket, of a host a page.
"""

import random
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from monitors.exporter.estate_facts import collect
from monitors.exporter.http_sd import JOBS
from monitors.prometheus.rule_files import RULES
from tests.rules.redundant_campus import (
    SEED,
    SIZE,
    TOWN,
    Cut,
    estate,
    full_names,
    is_host,
    links,
    severity,
    silent,
    single_cuts,
    told,
    ways,
)
from tests.rules.rule_files import GO_SETTINGS

CAMPUS = ways()
CUTS = tuple(single_cuts(CAMPUS))
PARENTS = frozenset(parent for through in CAMPUS.values() for parent in through)
PAIRS = 60
# Of devices that nothing hangs on, one in so many is cut alone, the others so many at once.
LEAVES_AT_ONCE = 10
STEP_SECONDS = 15
# While it answers, what nothing hangs on says nothing of others: of those, one in so many is there.
LEAVES_SHOWN = 10
# When each is known to be silent: hosts are probed every 15 s, devices polled every 30 s and their
# answer awaited until the timeout, 20 s; in steps.
KNOWN = {True: (1, 2), False: (2, 3, 4)}
# When what was cut is put back, where that is tried at all, which is known as gradually; and when
# the last alert of what is still silent then would have fired.
UNTIL, STEPS = 9, 17
HEADER = {
    "rule_files": [str(RULES / "reachability.yml")],
    "evaluation_interval": f"{STEP_SECONDS}s",
}
# All that has fired until then, whether or not it still does.
EVER = """
max by (alertname, severity, host, device) (max_over_time(ALERTS{alertstate="firing"}[1h]))
"""


def pairs() -> Iterator[Cut]:
    """Yield pairs: anywhere, and where they matter, around one thing that has several ways."""
    chance = random.Random(SEED)  # noqa: S311 - a choice of tests
    redundant = [name for name, through in CAMPUS.items() if len(through) > 1]
    for _ in range(PAIRS // 2):
        one, other = chance.sample(CUTS, 2)
        yield one | other
        name = chance.choice(redundant)
        one, other = chance.sample(list(around(name)), 2)
        yield one | other


def around(name: str) -> Iterator[Cut]:
    """Yield it, its parents and the links between them, each cut alone."""
    yield Cut(nodes=frozenset((name,)))
    for parent in CAMPUS[name]:
        yield Cut(nodes=frozenset((parent,)))
        yield Cut(links=frozenset((frozenset((name, parent)),)))


def test_the_campus_is_redundant() -> None:
    assert len(CAMPUS) == SIZE
    alone = [cut for cut in CUTS if not silent(CAMPUS, cut)]
    assert len(alone) > len(links(CAMPUS)) / 5
    assert {len(told(CAMPUS, silent(CAMPUS, pair))) for pair in pairs()} == {0, 1, 2}


def test_what_is_expected_explains_all_that_is_silent_and_nothing_twice() -> None:
    """What is told broke, or hangs on what did: as little of it as explains the silence."""
    for cut in (*CUTS, *pairs()):
        lost = silent(CAMPUS, cut)
        causes = told(CAMPUS, lost)
        assert len(causes) <= cut.failures, cut
        assert causes <= cut.ends, cut
        assert lost == silent(CAMPUS, Cut(nodes=causes)), cut
        for name in causes:
            assert name not in silent(CAMPUS, Cut(nodes=causes - {name})), cut


def test_one_thing_that_is_cut_is_told_once_if_anything_falls_silent() -> None:
    for cut in CUTS:
        lost = silent(CAMPUS, cut)
        assert len(told(CAMPUS, lost)) == bool(lost)
        assert told(CAMPUS, lost) >= cut.nodes


def test_each_node_and_each_link_and_pairs_of_them_through_the_rules(tmp_path: Path) -> None:
    outages = list(apart(dict.fromkeys(silent(CAMPUS, cut) for cut in (*CUTS, *pairs()))))
    everything = list(series(tmp_path))
    files = [tmp_path / f"half{half}_test.yml" for half in range(2)]
    for half, file in enumerate(files):
        tests = [case(lost, everything) for lost in outages[half::2]]
        file.write_text(yaml.dump({**HEADER, "tests": tests}, Dumper=yaml.CSafeDumper))
    assert shutil.which("promtool"), "promtool is in Debian's package prometheus"
    running = [
        subprocess.Popen(
            ["promtool", "test", "rules", file], stdout=-1, stderr=-2, text=True, env=GO_SETTINGS
        )
        for file in files
    ]
    for process in running:
        report, _ = process.communicate()
        assert process.returncode == 0, report


def apart(outages: Iterable[frozenset[str]]) -> Iterator[frozenset[str]]:
    """Yield outages; those of leaves, which are alike and have nothing in common, many as one."""
    leaves = [lost for lost in outages if len(lost) == 1 and not lost & PARENTS]
    yield from (lost for lost in outages if lost not in leaves)
    yield from leaves[::LEAVES_AT_ONCE]
    rest = [lost for number, lost in enumerate(leaves) if number % LEAVES_AT_ONCE]
    for first in range(0, len(rest), LEAVES_AT_ONCE):
        yield frozenset().union(*rest[first : first + LEAVES_AT_ONCE])


def test_leaves_that_are_cut_at_once_are_each_told() -> None:
    outages = list(dict.fromkeys(silent(CAMPUS, cut) for cut in CUTS))
    tried = list(apart(outages))
    assert len(tried) < len(outages) / 2
    assert frozenset().union(*map(frozenset, outages)) == frozenset().union(*tried)
    for lost in tried:
        assert lost in outages or told(CAMPUS, lost) == lost == silent(CAMPUS, Cut(nodes=lost))


@dataclass(frozen=True, slots=True)
class Series:
    """What rules read of a host or device: of a target whether it answers, of a way that it is."""

    name: str
    text: str
    is_target: bool


def series(folder: Path) -> Iterator[Series]:
    """Yield the targets as discovered, and the direct ways as exported: all that rules read."""
    campus = estate(folder, CAMPUS)
    names = full_names(CAMPUS)
    for job, metric, label in (
        ("icmp", "probe_success", "host"),
        ("snmp", "bastide_snmp_success", "device"),
    ):
        for group in JOBS[job](campus):
            if group["labels"].get(label) in names:
                labels = {"job": job, **group["labels"]}
                yield Series(labels[label], metric + selector(labels), is_target=True)
    for family in collect(folder, campus):
        for sample in family.samples:
            name = sample.labels.get("name")
            if name in names and sample.labels["direct"] == "yes":
                yield Series(name, sample.name + selector(sample.labels), is_target=False)


def selector(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def case(lost: frozenset[str], everything: list[Series]) -> dict[str, Any]:
    """Return one outage as a promtool test: whatever ever fires; more than a leaf comes back."""
    chance = random.Random(str(sorted(lost)))  # noqa: S311 - when it is noticed
    silenced = full_names(lost)
    leaves = sorted(CAMPUS.keys() - PARENTS - lost)
    left_out = full_names(leaves) - full_names(leaves[::LEAVES_SHOWN])
    last = STEPS if len(lost) > 1 else UNTIL
    return {
        "name": ", ".join(sorted(told(CAMPUS, lost))) or "nothing",
        "interval": f"{STEP_SECONDS}s",
        "input_series": [
            {
                "series": one.text,
                "values": values(one.name, chance)
                if one.is_target and one.name in silenced
                else f"1x{last}",
            }
            for one in everything
            if one.name not in left_out
        ],
        "promql_expr_test": [
            {
                "expr": EVER,
                "eval_time": f"{last * STEP_SECONDS}s",
                "exp_samples": [
                    {"labels": selector(labels), "value": 1} for labels in expected(lost)
                ],
            }
        ],
    }


def values(name: str, chance: random.Random) -> str:
    known = KNOWN[is_host(name.removeprefix(f"{TOWN}-"))]
    first, back = chance.choice(known), UNTIL + chance.choice(known)
    return f"1x{first - 1} 0x{back - first - 1} 1x{STEPS - back}"


def expected(lost: frozenset[str]) -> Iterator[dict[str, str]]:
    for name in sorted(told(CAMPUS, lost)):
        kind = "host" if is_host(name) else "device"
        yield {
            "alertname": f"{kind.title()}Down",
            "severity": severity(CAMPUS, lost, name),
            kind: f"{TOWN}-{name}",
        }
