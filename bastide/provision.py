"""Provisioning: the infra program run by an engine, and what crosses from it to the rest."""

from collections.abc import Callable
from pathlib import Path

import infra
from bastide.errors import CommandError, Exit
from bastide.opened import Opened
from bastide.places import program
from infra import credentials
from infra.engine import EngineError, Operation, Outcome, Project, StepEvent, choose
from infra.outputs import write_outputs

OnStep = Callable[[StepEvent], None]
PARALLEL = 10


def project(opened: Opened) -> Project:
    """Return the estate's Pulumi project: the shipped program, its own stack and backend."""
    backend = opened.state / "pulumi"
    backend.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Project(
        folder=Path(infra.__path__[0]),
        stack=opened.estate.estate,
        backend=backend,
        passphrase=credentials.passphrase(opened.state),
        config={"bastide:estate": str(opened.folder)},
        parallel=PARALLEL,
        environment={
            "PATH": f"{program('')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "BASTIDE_STATE_HOME": str(opened.state.parent),
        },
    )


def run(opened: Opened, operation: Operation, engine: str, on_step: OnStep) -> Outcome:
    """Run an operation; after `up` the outputs and the pinned host keys are written.

    Raises CommandError when the engine could do nothing at all.
    """
    credentials.ensure(opened.estate, opened.state)
    chosen, work = _chosen(engine), project(opened)
    try:
        if operation is Operation.UP:
            # What died since the last run is made again, instead of being believed in.
            chosen.run(Operation.REFRESH, work, lambda event: None)
        outcome = chosen.run(operation, work, on_step)
        if operation is Operation.UP and outcome.ok:
            write_outputs(chosen.outputs(work), opened.estate.estate, opened.state)
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    return outcome


def _chosen(engine: str) -> "infra.engine.Engine":
    try:
        return choose(engine)
    except EngineError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
