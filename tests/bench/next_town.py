"""Measures the next town of the running lab: `python -m tests.bench.next_town`.

One command and no edited file: `bastide municipality add NAME --tier town --up`. The lab is the
shipped one, its estate a copy; afterwards the town is taken away again by `bastide up`.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inventory.load import load_estate
from inventory.outputs import outputs_path
from inventory.paths import SHIPPED_ESTATES, state_directory
from tests.bench.report import table, write_section
from tests.command import BASTIDE, bastide_json

ESTATE, NAME, ID = "lab", "Nova Varosh", "novavarosh"
GOAL_SECONDS = 180.0


def main() -> int:
    """Measure, print and write the table; refuse while there is no lab."""
    if not outputs_path(state_directory(ESTATE)).exists():
        print("the lab is not up: make lab", file=sys.stderr)  # noqa: T201
        return 2
    with tempfile.TemporaryDirectory(prefix="bastide-bench-") as folder:
        estate = Path(shutil.copytree(SHIPPED_ESTATES / ESTATE, Path(folder) / ESTATE))
        try:
            seconds = _add(estate)
            lines = _lines(estate, seconds)
        finally:
            subprocess.run([BASTIDE, "up", "--estate", ESTATE], check=False)
    print(write_section("The next town", "python -m tests.bench.next_town", lines))  # noqa: T201
    return 0


def _add(estate: Path) -> float:
    started = time.monotonic()
    command = ["municipality", "add", NAME, "--tier", "town", "--up", "--estate", str(estate)]
    subprocess.run([BASTIDE, *command], check=True)
    return time.monotonic() - started


def _lines(estate: Path, seconds: float) -> list[str]:
    """Return the table, with what the town is then: what is not as promised ends the benchmark."""
    town = next(t for t in load_estate(estate).municipalities if t.municipality == ID)
    names = {f"{ID}-{host.id}" for host in town.hosts}
    status = bastide_json("status", "--municipality", ID, "--estate", str(estate))
    audited = bastide_json("audit", "show", "--estate", str(estate))["hosts"]
    passed = [one for one in audited if one["host"] in names]
    if len(passed) != len(names):
        raise SystemExit(f"not audited: {names - {one['host'] for one in passed}}")
    rows = [
        (
            f"a town of {len(names)} hosts and {len(town.devices)} devices: provisioned, "
            "configured, hardened, backed up and restored, watched",
            f"{seconds:.0f} s",
            f"{GOAL_SECONDS:.0f} s",
            f"{seconds / GOAL_SECONDS:.2f}",
        )
    ]
    wrong = status.get("wrong", [])
    return [*table(("what", "measured", "goal", "ratio"), rows), *map(str, wrong)]


if __name__ == "__main__":
    sys.exit(main())
