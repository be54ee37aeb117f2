"""How long reports of a generated fleet take: `python -m tests.monitors.audit.reports.bench N`.

Municipalities of ten hosts under today's control table; on every host one control in twelve fails,
a few under a waiver, one in fifty could not be determined, one host in forty was not asked.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from inventory.enums import Tier
from inventory.model.estate import Estate
from inventory.model.tenants import Municipality
from monitors.audit.history.model import History, TrendPoint
from monitors.audit.model.controls import load_controls
from monitors.audit.model.results import AuditRun, HostAudit, Outcome
from monitors.audit.reports.build import build
from monitors.audit.reports.compliance import Format, render
from monitors.audit.reports.files import write_set
from monitors.audit.reports.model import Report
from tests.monitors.audit.reports.sample_reports import (
    EARLIER,
    IN_FORCE,
    LAB,
    NOW,
    audited,
    lost,
    run_of,
    waiver,
)

HOSTS = 10
RUNS = 60


def fleet(municipalities: int) -> tuple[Estate, AuditRun, AuditRun, History]:
    """Return an estate, two runs over it and their history."""
    names = [f"town{number:03d}" for number in range(municipalities)]
    like = LAB.municipalities[0]
    towns = tuple(_town(like, name, number) for number, name in enumerate(names))
    waivers = tuple(waiver(IN_FORCE.expires, scope=name) for name in names)
    estate = LAB.model_copy(update={"municipalities": towns, "waivers": waivers})
    chance = random.Random(4)  # noqa: S311 - a fleet, not a key
    earlier, later = (
        run_of(label=label, started=at).model_copy(update={"hosts": tuple(_hosts(names, chance))})
        for label, at in (("before", EARLIER), ("after", NOW))
    )
    trend = tuple(
        TrendPoint(
            at=NOW - timedelta(days=RUNS - day),
            municipality=name,
            proved=0.6 + day / 200,
            accepted=0.62 + day / 200,
            coverage=0.98,
        )
        for name in (None, *names)
        for day in range(RUNS)
    )
    return estate, earlier, later, History(trend=trend)


def _town(like: Municipality, name: str, number: int) -> Municipality:
    tier = tuple(Tier)[number % len(Tier)]
    return like.model_copy(update={"municipality": name, "name": name.title(), "tier": tier})


def _hosts(names: list[str], chance: random.Random) -> Iterator[HostAudit]:
    pattern = audited("velgora-app", {})
    one = pattern.results[0]
    for name in names:
        for number in range(HOSTS):
            host = f"{name}-host{number}"
            if chance.random() < 1 / 40:
                gone = lost("velgora-app", f"{host}: no route to host")
                yield gone.model_copy(update={"host": host, "municipality": name})
                continue
            results = []
            for control in load_controls().controls:
                outcome = chance.choices(tuple(Outcome), (82, 8, 2, 8))[0]
                waived = outcome is Outcome.FAIL and chance.random() < 0.1
                said = {Outcome.PASS: ""}.get(outcome, f"{control.id}: found 6, expected 4 or less")
                results.append(
                    one.model_copy(
                        update={
                            "control": control.id,
                            "severity": control.severity,
                            "outcome": outcome,
                            "reason": said,
                            "waiver": IN_FORCE if waived else None,
                        }
                    )
                )
            built = {"host": host, "municipality": name, "results": tuple(results)}
            yield pattern.model_copy(update=built)


def main(municipalities: int = 200) -> None:
    """Print CPU seconds and sizes of every format; of PDF the fleet's page and one municipality."""
    inputs = fleet(municipalities)
    started = time.process_time()
    report = build(*inputs[:3], load_controls(), inputs[3])
    hosts = sum(len(place.hosts) for place in report.municipalities)
    printed = f"{municipalities} municipalities, {hosts} hosts, {len(report.controls)} controls"
    print(f"{printed}: values in {time.process_time() - started:.2f} s")  # noqa: T201
    for wanted in Format:
        only = ["town007"] if wanted is Format.PDF else []
        _measure(wanted.value, report, wanted, only)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")  # noqa: T201


def _measure(name: str, report: Report, wanted: Format, only: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        written = write_set(Path(folder) / "run", render(report, [wanted], only))
        took = time.process_time() - started
        sizes = sorted(path.stat().st_size for path in written)
    print(  # noqa: T201
        f"{name:<6} {took:7.2f} s  {len(sizes):4} files  {sum(sizes) / 1e6:7.2f} MB, "
        f"median {sizes[len(sizes) // 2] / 1e3:.0f} kB, largest {sizes[-1] / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
