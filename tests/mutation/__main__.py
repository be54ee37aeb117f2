"""`python -m tests.mutation MODULE [TESTS …]`: which mistakes in a module do its tests miss?

MODULE is a file, or a folder for all modules in it.

The run happens in a copy of the tree, so that one that is stopped leaves nothing behind.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.mutation.trial import FIGURES

ROOT = Path(__file__).resolve().parents[2]

# The tests that judge a module or a folder, where they are not those that mirror it.
TESTS: dict[str, tuple[str, ...]] = {
    "inventory/consistency": (
        "tests/inventory/test_load.py",
        "tests/inventory/test_allowed.py",
        "tests/inventory/test_waivers.py",
    ),
    "inventory/model": (
        "tests/inventory/test_load.py",
        "tests/inventory/test_connections.py",
        "tests/inventory/test_schema.py",
    ),
    "inventory/parsed.py": ("tests/inventory/test_load.py",),
    "inventory/problems.py": ("tests/inventory/test_load.py", "tests/inventory/test_own.py"),
    "inventory/validation.py": ("tests/inventory/test_load.py",),
    "monitors/audit/facts": (
        "tests/monitors/audit/facts",
        "tests/monitors/audit/checks",
    ),
    "monitors/audit/judge/command_list.py": (
        "tests/monitors/audit/judge/test_command_list.py",
        "tests/monitors/audit/model/test_controls.py",
    ),
    "monitors/audit/judge/own_checks.py": ("tests/monitors/audit/judge/test_own_checks.py",),
    "monitors/audit/judge/runner.py": ("tests/monitors/audit/judge",),
    "monitors/audit/judge/host_results.py": ("tests/monitors/audit/judge",),
    "monitors/audit/evidence/inputs.py": (
        "tests/monitors/audit/evidence/test_inputs.py",
        "tests/monitors/audit/judge/test_own_checks.py",
    ),
    "monitors/audit/evidence/package.py": (
        "tests/monitors/audit/evidence/test_package.py",
        "tests/monitors/audit/evidence/test_verify.py",
    ),
    "monitors/audit/evidence/stored_zip.py": (
        "tests/monitors/audit/evidence/test_package.py",
        "tests/monitors/audit/evidence/test_verify.py",
    ),
    "monitors/prometheus/alertmanager_config.py": (
        "tests/monitors/prometheus/test_alertmanager_config.py",
        "tests/monitors/prometheus/test_render.py",
    ),
    "monitors/prometheus/own_rules.py": ("tests/bastide/actions/test_own_files.py",),
    "monitors/prometheus/prometheus_config.py": (
        "tests/monitors/prometheus/test_prometheus_config.py",
        "tests/monitors/prometheus/test_render.py",
    ),
    "monitors/snmp/columns.py": (
        "tests/monitors/snmp/test_table_reader.py",
        "tests/monitors/snmp/test_table_walk.py",
    ),
    "monitors/snmp/request_size.py": ("tests/monitors/snmp/test_table_walk.py",),
    "playbooks/filter_plugins/collector.py": (
        "tests/playbooks/test_collector_filter.py",
        "tests/playbooks/test_drill_filter.py",
    ),
    "playbooks/filter_plugins/drills.py": ("tests/playbooks/test_drill_filter.py",),
    "playbooks/filter_plugins/secrets.py": (
        "tests/playbooks/test_secrets.py",
        "tests/playbooks/test_drill_filter.py",
    ),
    "playbooks/filter_plugins/snmp_keys.py": ("tests/playbooks/test_snmp_keys.py",),
    "playbooks/roles/accounts": ("tests/playbooks/test_accounts_program.py",),
    "playbooks/roles/audit/files/collector/bastide_collector.py": (
        "tests/monitors/audit/collect/test_redaction.py",
        "tests/monitors/audit/collect/test_collector.py",
    ),
    **{
        f"playbooks/roles/backup_client/files/backup/bastide_{part}.py": (
            "tests/playbooks/test_backup_parts.py",
            "tests/playbooks/test_backup_commands.py",
        )
        for part in ("manifest", "metrics", "results")
    },
    "playbooks/roles/backup_client": (
        "tests/playbooks/test_backup_commands.py",
        "tests/playbooks/test_backup_program.py",
    ),
    "playbooks/roles/file_walk": ("tests/playbooks/test_file_walk.py",),
    "playbooks/roles/integrity": (
        "tests/playbooks/test_integrity_program.py",
        "tests/playbooks/test_explained_program.py",
    ),
    "playbooks/roles/log_receiver": ("tests/playbooks/test_received_logs_program.py",),
    "playbooks/roles/updates": ("tests/playbooks/test_updates_program.py",),
    "playbooks/roles/scratch/files/drill/drill_postgres.py": (
        "tests/playbooks/test_drill_postgres.py",
    ),
    "playbooks/roles/scratch/files/drill/drill_result.py": (
        "tests/playbooks/test_drill_result.py",
    ),
    "playbooks/roles/scratch": ("tests/playbooks/test_drill_commands.py",),
}


def tests_of(module: str) -> tuple[str, ...]:
    """Return the tests that judge a module: the table's, else its mirrored file or folder."""
    path = Path(module)
    for folder in (path, *path.parents[:-1]):
        if str(folder) in TESTS:
            return TESTS[str(folder)]
    for mirrored in (path.with_name(f"test_{path.name}"), *path.parents[:-1]):
        if (ROOT / "tests" / mirrored).exists():
            return (f"tests/{mirrored}",)
    raise SystemExit(f"{module}: no tests mirror it; give it a line in TESTS")


def copy_tree(target: Path) -> None:
    """Copy all that git would see, uncommitted files included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def modules_of(path: str) -> list[str]:
    """Return the modules that a path names: itself, or all in a folder."""
    if (ROOT / path).is_file():
        return [path]
    files = sorted((ROOT / path).rglob("*.py"))
    return [str(file.relative_to(ROOT)) for file in files if file.name != "__init__.py"]


@click.command()
@click.argument("path")
@click.argument("tests", nargs=-1)
@click.option("--every", default=1, metavar="N", help="Try only each N-th, for an estimate.")
def main(path: str, tests: tuple[str, ...], every: int) -> None:
    """Try the mutants of a path's modules on their tests, or on those given."""
    modules = modules_of(path.rstrip("/"))
    with tempfile.TemporaryDirectory(prefix="bastide-mutants-") as copy:
        copy_tree(Path(copy))
        statuses = [
            _trial(Path(copy), str(every), module, *(tests or tests_of(module)))
            for module in modules
        ]
        if len(modules) > 1:
            sys.stdout.write((Path(copy) / FIGURES).read_text())
    sys.exit(max(statuses))


def _trial(copy: Path, *arguments: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation.trial", *arguments],
        cwd=copy,
        check=False,
        env={**os.environ, "PYTHONPATH": str(copy)},
    ).returncode


if __name__ == "__main__":
    main()
