"""ansible-playbook as a program: run it, follow its events, return its recap."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from bastide.actions.own_playbooks import find_playbook_problems, playbook_files
from bastide.actions.playbook_recap import (
    Event,
    OnEvent,
    Recap,
    read_recap,
    recap_of_stopped,
)
from bastide.actions.runs import remember
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from bastide.support.run_lock import run_lock
from bastide.support.shipped_files import program
from inventory.files import make_folder
from inventory.paths import shipped
from inventory.problems import InventoryError
from inventory.run_id import VARIABLE, new_run
from inventory.ssh_client import write_ssh_files

POLL_SECONDS = 0.2
ENDING_SECONDS = 15.0
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


def run(
    context: EstateContext,
    playbooks: Sequence[str],
    on_event: OnEvent,
    *,
    log_name: str = "",
    arguments: Sequence[str] = (),
    variables: Mapping[str, str] = NO_VARIABLES,
    alone: bool = True,
) -> Recap:
    """Run playbooks on the estate, one after the other in one process.

    The estate's own configure.yml and harden.yml run after ours. A failed host is in the recap;
    after a playbook that failed the next ones are not begun. One process, because each reads the
    inventory anew and opens its own connections. The log has the name of the first playbook unless
    one is given; `variables` are added to the environment. CommandError while another run goes on,
    unless this one need not be `alone`.
    """
    own = context.estate.own
    files = [str(file) for name in playbooks for file in playbook_files(own, name)]
    if problems := tuple(find_playbook_problems(own)):
        raise InventoryError(problems)
    log = context.state / "logs" / f"{log_name or playbooks[0]}.log"
    make_folder(log.parent)
    # What the inventory says of ways in may have changed since `bastide infra up`.
    write_ssh_files(context.estate, context.state)
    started = time.monotonic()
    events = log.with_suffix(".events.jsonl")
    run_id = variables.get(VARIABLE) or os.environ.get(VARIABLE) or new_run()
    variables = {**variables, VARIABLE: run_id}
    with run_lock(log.with_name("run.lock")) if alone else nullcontext() as lock:
        events.write_text("")
        process = _start(context, files, log, events, arguments, variables, lock)
        try:
            recap = follow(process, events, on_event)
        except BaseException:
            # What it has changed until now can be undone like all else.
            stopped = recap_of_stopped(map(json.loads, events.read_text("utf-8").splitlines()))
            remember(context.state, replace(stopped, run=run_id), playbooks)
            raise
    recap = replace(recap, seconds=time.monotonic() - started, log=log, run=run_id)
    remember(context.state, recap, playbooks)
    return recap


def play(context: EstateContext, name: str, arguments: Sequence[str]) -> Recap:
    """Run a playbook as one stage, and show what runs and what fails."""
    progress = Progress()
    with progress.stage(f"playbook {name}"):
        return run(context, [name], lambda event: show_event(progress, event), arguments=arguments)


def show_event(progress: Progress, event: dict[str, str]) -> None:
    """Name the task that runs now; print a failure when it comes."""
    if event["event"] == "start":
        progress.now(event["task"])
    elif event.get("outcome") in ("failed", "unreachable"):
        progress.step(event["host"], f"{event['task']}: {event['message']}", good=False)


def environment(context: EstateContext) -> dict[str, str]:
    """Return the environment that makes plain ansible-playbook use the estate."""
    folder = shipped("playbooks")
    extra = {
        "BASTIDE_ESTATE": str(context.folder),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
    }
    if context.estate.own.roles:
        extra["ANSIBLE_ROLES_PATH"] = f"{folder / 'roles'}:{context.estate.own.folder / 'roles'}"
    if os.environ.get("BASTIDE_MITOGEN", "1") != "0":
        extra |= mitogen()
    return {**os.environ, **extra}


def mitogen() -> dict[str, str]:
    """Return the environment that has Mitogen run tasks; nothing where it is not installed."""
    spec = find_spec("ansible_mitogen")
    if not spec or not spec.origin:
        return {}
    return {
        "ANSIBLE_STRATEGY_PLUGINS": str(Path(spec.origin).parent / "plugins" / "strategy"),
        "ANSIBLE_STRATEGY": "mitogen_linear",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
    }


def _start(
    context: EstateContext,
    files: Sequence[str],
    log: Path,
    events: Path,
    arguments: Sequence[str],
    variables: Mapping[str, str],
    lock: int | None,
) -> "subprocess.Popen[bytes]":
    command = [str(program("ansible-playbook")), *files, *arguments]
    try:
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=shipped("playbooks"),
                env={
                    **environment(context),
                    "BASTIDE_EVENTS": str(events),
                    "ANSIBLE_CALLBACKS_ENABLED": "bastide_events",
                    **variables,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                # Ctrl-C and the end of a terminal are for us; `_end` then ends it in order.
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )
    except FileNotFoundError:
        raise CommandError(
            f"{command[0]}: not there; install the extra: pip install 'bastide[provision]'",
            Exit.COULD_NOT_CHECK,
        ) from None


def follow(process: "subprocess.Popen[bytes]", events: Path, on_event: OnEvent) -> Recap:
    """Return the recap of a process that writes its events to a file, once it has ended."""
    try:
        recap = read_recap(_events(process, events), on_event)
    except BaseException:
        _end(process)
        raise
    return replace(recap, returncode=process.returncode)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End ansible-playbook as Ctrl-C does: it ends its workers and logs out of the hosts."""
    for end in (partial(process.send_signal, signal.SIGINT), process.terminate, process.kill):
        end()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_SECONDS)
            return


def _events(process: "subprocess.Popen[bytes]", events: Path) -> Iterator[Event]:
    with events.open(encoding="utf-8") as file:
        partial = ""
        while True:
            ended = process.poll() is not None
            for line in file:
                partial += line
                if partial.endswith("\n"):
                    yield json.loads(partial)
                    partial = ""
            if ended:
                return
            time.sleep(POLL_SECONDS)
