"""One of our modules in a process of its own, as Ansible starts it on a host.

The processes are forked from one that has imported Ansible's part of a module: that import takes
ten times as long as what most of our modules do.
"""

import json
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "playbooks" / "module_utils"
PRELOADED = ["__main__", __name__, "ansible.module_utils.basic"]


def run_in_process(module: Path, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module with these arguments to its end; return what it answers."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        given = folder / "input"
        given.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
        process = _context().Process(
            target=_run, args=(module, folder, dict(os.environ), Path.cwd())
        )
        process.start()
        process.join()
        answer, errors = ((folder / stream).read_text() for stream in ("output", "errors"))
    assert answer, errors
    result: dict[str, Any] = json.loads(answer)
    return result


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _run(module: Path, folder: Path, environment: dict[str, str], current: Path) -> None:
    """In the new process: what is shared is found beside Ansible's, as where Ansible packs both."""
    import ansible.module_utils

    os.chdir(current)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(("input", "output", "errors")):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(folder / name, flags), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    sys.dont_write_bytecode = True
    sys.argv = [str(module)]
    ansible.module_utils.__path__.append(str(SHARED))
    try:
        runpy.run_path(str(module), run_name="__main__")
    finally:
        sys.stdout.flush()
