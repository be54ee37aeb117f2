"""Records a host of the running lab as a case: `python -m tests.monitors.audit.record_case`.

Runs the collector and the command list of this working tree on the host, as root, from a folder
of its own that is removed again; nothing that is installed there is used or changed.
"""

import fcntl
import io
import subprocess
import tarfile
from pathlib import Path

import click

from bastide.support.estate import estate_context
from monitors.audit.judge.command_list import LIST_FILE, render
from monitors.audit.judge.host_results import judge
from monitors.audit.model.controls import load_controls
from monitors.audit.model.declared import find_declared
from monitors.audit.model.results import Outcome
from monitors.collection.bundle import Bundle, unframe, unpack
from tests.monitors.audit.estates import CASES

# Through the interpreter: nothing starts from a hardened host's /tmp.
REMOTE = (
    'set -e; d=$(mktemp -d); trap \'rm -rf "$d"\' EXIT; tar -x -C "$d"; '
    '/usr/bin/python3 -I "$d/bastide-collector"'
)


def collected(host: str) -> Bundle:
    """Return what a lab host answers to this working tree's checks."""
    context = estate_context("lab")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(LIST_FILE.with_name("bastide_collector.py"), "bastide-collector")
        content = render(load_controls(), by_role=False).encode()
        entry = tarfile.TarInfo("commands.json")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    done = subprocess.run(
        ["ssh", "-F", context.state / "ssh/config", host, REMOTE],
        input=packed.getvalue(),
        capture_output=True,
        check=True,
        timeout=180,
    )
    return unpack(unframe(done.stdout))


def merged(old: Bundle, new: Bundle, *, all_anew: bool) -> Bundle:
    """Return the new bundle with the old answers where there are some, unless all are wanted."""
    known = {} if all_anew else {r.command: r for r in old.recorded}
    answers = tuple(known.get(r.command, r) for r in new.recorded)
    return (new if all_anew else old).model_copy(update={"recorded": answers})


def write(case: str, new: Bundle, *, all_anew: bool) -> Path:
    """Write a case file; others who record at the same time wait."""
    file = CASES / f"{case}.json"
    with file.open("r+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        old = Bundle.model_validate_json(handle.read())
        handle.seek(0)
        handle.write(merged(old, new, all_anew=all_anew).model_dump_json(indent=1) + "\n")
        handle.truncate()
    return file


@click.command()
@click.argument("host")
@click.option("--control", "controls", multiple=True, help="Only these; may be given again.")
@click.option("--into", "case", help="Write the answers into this case: fresh or hardened.")
@click.option("--all", "all_anew", is_flag=True, help="Replace old answers too, not only add.")
def main(host: str, controls: tuple[str, ...], case: str | None, all_anew: bool) -> None:
    """Judge HOST as it is now and print what does not pass; optionally keep its answers."""
    bundle = collected(host)
    context = estate_context("lab")
    for result in judge(bundle, load_controls(), find_declared(context.estate, host)):
        wanted = result.control in controls if controls else result.outcome is not Outcome.PASS
        if wanted:
            click.echo(f"{result.control:<8} {result.outcome:<5} {result.reason}")
    slow = sorted(bundle.recorded, key=lambda r: -r.seconds)[:5]
    for r in slow:
        click.echo(f"{r.seconds:>7.3f} s  {r.command[:90]}")
    if case:
        click.echo(f"{write(case, bundle, all_anew=all_anew)}: written")


if __name__ == "__main__":
    main()
