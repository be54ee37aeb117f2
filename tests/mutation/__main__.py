"""`python -m tests.mutation MODULE [TESTS …]`: which mistakes in a module do its tests miss?

The run happens in a copy of the tree, so that one that is stopped leaves nothing behind.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The tests that judge a module or a folder, where they are not those of the mirrored folder.
TESTS: dict[str, tuple[str, ...]] = {
    "monitors/snmp/wire": (
        "tests/monitors/snmp/fuzz/test_wire.py",
        "tests/monitors/snmp/test_secured.py",
        "tests/monitors/snmp/test_transport.py",
    ),
}


def tests_of(module: str) -> tuple[str, ...]:
    """Return the tests that judge a module: the table's, else those of the nearest folder."""
    for folder in (Path(module), *Path(module).parents):
        if str(folder) in TESTS:
            return TESTS[str(folder)]
        if (ROOT / "tests" / folder).is_dir() and folder.name:
            return (f"tests/{folder}",)
    raise SystemExit(f"{module}: no tests lie in its mirrored folder; give it a line in TESTS")


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


def main(module: str, *tests: str) -> int:
    """Try a module's mutants on its tests, or on those given. Returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="bastide-mutants-") as copy:
        copy_tree(Path(copy))
        done = subprocess.run(
            [sys.executable, "-m", "tests.mutation.trial", module, *(tests or tests_of(module))],
            cwd=copy,
            check=False,
            env={**os.environ, "PYTHONPATH": copy},
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
