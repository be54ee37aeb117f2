"""ansible-playbook as a program: run it, follow its events, give back a recap as a value."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from bastide.support.shipped_files import program, shipped

OnEvent = Callable[[dict[str, Any]], None]
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that failed on a host."""

    host: str
    task: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Recap:
    """What a playbook did: changed tasks by host, failures, seconds, and the log to read."""

    changed: dict[str, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    returncode: int = 0
    seconds: float = 0.0
    log: Path = Path()
    changed_tasks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every host finished every task."""
        return self.returncode == 0


def run(
    context: EstateContext, playbook: str, on_event: OnEvent, *, arguments: Sequence[str] = ()
) -> Recap:
    """Run one of the shipped playbooks on the estate; a failed host is in the recap."""
    file = shipped("playbooks") / f"{playbook}.yml"
    if not file.is_file():
        known = ", ".join(sorted(p.stem for p in file.parent.glob("*.yml")))
        raise CommandError(
            f"there is no playbook {playbook!r}; expected one of: {known}", Exit.WRONG_USE
        )
    log = context.state / "logs" / f"{playbook}.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    started = time.monotonic()
    events = log.with_suffix(".events.jsonl")
    events.write_text("")
    recap = _follow(_start(context, file, log, events, arguments), events, on_event)
    return replace(recap, seconds=time.monotonic() - started, log=log)


def play(context: EstateContext, name: str, arguments: Sequence[str]) -> Recap:
    """Run a playbook as one stage, telling what runs and what fails."""
    progress = Progress()
    with progress.stage(f"playbook {name}"):
        return run(context, name, lambda event: show_event(progress, event), arguments=arguments)


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
    spec = find_spec("ansible_mitogen")
    if spec and spec.origin and os.environ.get("BASTIDE_MITOGEN", "1") != "0":
        strategies = Path(spec.origin).parent / "plugins" / "strategy"
        extra |= {
            "ANSIBLE_STRATEGY_PLUGINS": str(strategies),
            "ANSIBLE_STRATEGY": "mitogen_linear",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }
    return {**os.environ, **extra}


def _start(
    context: EstateContext, file: Path, log: Path, events: Path, arguments: Sequence[str]
) -> "subprocess.Popen[bytes]":
    command = [str(program("ansible-playbook")), file.name, *arguments]
    try:
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=file.parent,
                env={
                    **environment(context),
                    "BASTIDE_EVENTS": str(events),
                    "ANSIBLE_CALLBACKS_ENABLED": "bastide_events",
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
    except FileNotFoundError:
        raise CommandError(
            f"{command[0]}: not there; install the extra: pip install 'bastide[provision]'",
            Exit.COULD_NOT_CHECK,
        ) from None


def _follow(process: "subprocess.Popen[bytes]", events: Path, on_event: OnEvent) -> Recap:
    changed: dict[str, int] = {}
    failures: list[Failure] = []
    changed_tasks: list[str] = []
    try:
        for event in _events(process, events):
            on_event(event)
            if event["event"] == "recap":
                changed = {host: told["changed"] for host, told in event["hosts"].items()}
            elif event.get("changed"):
                changed_tasks.append(f"{event['host']}: {event['task']}")
            if event.get("outcome") in ("failed", "unreachable"):
                failures.append(
                    Failure(event["host"], event["task"], event["path"], event["message"])
                )
    except BaseException:
        process.terminate()
        process.wait(timeout=30)
        raise
    return Recap(changed, tuple(failures), process.returncode, changed_tasks=tuple(changed_tasks))


def _events(process: "subprocess.Popen[bytes]", events: Path) -> Iterator[dict[str, Any]]:
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
