"""Provisioning: the infra program run by an engine, and what crosses from it to the rest."""

import os
from collections.abc import Callable
from pathlib import Path

import infra
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from bastide.support.shipped_files import program
from infra import credentials
from infra.engine import EngineError, EngineResult, Operation, Project, StepEvent, choose
from infra.outputs import write_outputs
from inventory.entries import hosts
from inventory.enums import ProviderName
from inventory.files import make_folder
from inventory.secrets import refuse_lost_passwords

OnStep = Callable[[StepEvent], None]
PARALLEL = 10
# What the engine calls a resource that it left as it was.
UNCHANGED = frozenset({"same", "read", "refresh"})


def project(context: EstateContext) -> Project:
    """Return the estate's Pulumi project: the shipped program, its own stack and backend."""
    backend = context.state / "pulumi"
    make_folder(backend)
    return Project(
        folder=Path(infra.__path__[0]),
        stack=context.estate.estate,
        backend=backend,
        passphrase=credentials.passphrase(context.state),
        config={"bastide:estate": str(context.folder)},
        parallel=PARALLEL,
        environment={
            "PATH": _path(),
            "BASTIDE_STATE_HOME": str(context.state.parent),
        },
    )


def _path() -> str:
    """Return where the program, the plugins and the CLI are looked for.

    Our own programs, then the caller's PATH: the installer of the official CLI puts it into the
    home folder, and `~/.pulumi/bin` is on no fixed list. Then what a lab needs of the system.
    """
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return os.pathsep.join((str(program("")), os.environ.get("PATH", os.defpath), system))


def run(context: EstateContext, operation: Operation, engine: str, on_step: OnStep) -> EngineResult:
    """Run an operation; after `up` the outputs and the pinned host keys are written.

    The program itself makes the credentials that are missing. Raises CommandError when the engine
    could do nothing at all, SecretError when a repository's password is gone.
    """
    _refuse_without_rights(context, operation)
    if operation in (Operation.UP, Operation.PREVIEW):
        # The program would end with the same, but as an engine shows it.
        refuse_lost_passwords(context.estate, context.state)
    chosen, stack = _chosen(engine), project(context)
    try:
        if operation is Operation.UP:
            # What died since the last run is made again, instead of being believed in.
            chosen.run(Operation.REFRESH, stack, lambda event: None)
        result = chosen.run(operation, stack, on_step)
        if operation is Operation.UP and result.ok:
            write_outputs(chosen.outputs(stack), context.estate, context.state)
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return result


def _refuse_without_rights(context: EstateContext, operation: Operation) -> None:
    """Raise CommandError when an ordinary user would make or take away a lab's machines."""
    changes = operation in (Operation.UP, Operation.DESTROY)
    providers = {entry.provider for entry in hosts(context.estate)}
    if changes and ProviderName.LAB in providers and os.geteuid() != 0:
        raise CommandError(
            f"estate {context.estate.estate} has lab machines, which root alone can make"
            "\n    expected: root\n    found: an ordinary user"
            "\n    do: run it as root; estates of existing hosts need no root",
            Exit.WRONG_USE,
        )


def _chosen(engine: str) -> "infra.engine.Engine":
    try:
        return choose(engine)
    except EngineError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None


def show_step(progress: Progress, event: StepEvent) -> None:
    """Print a step's end, and what is being done meanwhile."""
    if event.phase == "diagnostic":
        progress.step(event.name or "engine", event.message)
    elif event.phase in ("failed", "skipped"):
        progress.step(event.name, f"{event.operation} {event.phase}: {event.message}", good=False)
    elif event.operation in UNCHANGED:
        return
    elif event.phase == "finished":
        progress.step(event.name, f"{event.operation}d  {event.seconds:.1f} s")
    else:
        progress.now(f"{event.operation} {event.name}")


def describe(result: EngineResult) -> str:
    """Return a result's counts as one line."""
    counts = [f"{number} {name}" for name, number in sorted(result.changes.items()) if number]
    failed = f"; {len(result.failures)} failed" if result.failures else ""
    return (", ".join(counts) or "nothing to do") + failed
