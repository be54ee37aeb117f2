"""Write the dashboards' JSON beside their YAML: ``python -m monitors.prometheus.dashboards``."""

import sys

from monitors.prometheus.dashboards.build import NAMES, text
from monitors.prometheus.dashboards.model import FOLDER

if __name__ == "__main__":
    for name in NAMES:
        path = FOLDER / f"{name}.json"
        path.write_text(text(name), encoding="utf-8")
        sys.stdout.write(f"{path}\n")
