"""The newest run of every plan, for node_exporter's textfile collector."""

import os
from pathlib import Path
from typing import Any

GAUGES = (
    ("bastide_backup_last_run_success", "ok", "Whether the newest run of the plan succeeded."),
    (
        "bastide_backup_last_success_timestamp_seconds",
        "last_success",
        "When the newest run that succeeded started.",
    ),
    ("bastide_backup_duration_seconds", "duration_seconds", "How long the newest run took."),
    ("bastide_backup_size_bytes", "size_bytes", "What the newest snapshot holds."),
)


def write_metrics(path: Path, runs: dict[str, dict[str, Any]]) -> None:
    """Write node_exporter's text file with the newest run of every plan."""
    lines = []
    for name, key, text in GAUGES:
        samples = [
            f'{name}{{plan="{plan}"}} {float(values[key])}'
            for plan, values in runs.items()
            if values.get(key) is not None
        ]
        if samples:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge", *samples]
    if path.parent.is_dir():
        write_whole(path, "\n".join(lines) + "\n", 0o644)


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(mode)
    fresh.replace(path)
