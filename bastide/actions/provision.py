"""Provisioning: the infra program run by an engine, and what crosses from it to the rest."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import infra
from bastide.actions import policies
from bastide.actions.policies import OnFindings
from bastide.actions.stack_runs import merged_outputs, run_each, said
from bastide.actions.stacks import (
    Stack,
    refuse_unsplit,
    split_if_asked,
    stacks,
    stacks_as_they_are,
)
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from bastide.support.shipped_files import program
from infra import credentials
from infra.engine import Engine, EngineError, EngineResult, Operation, Project, StepEvent, choose
from infra.outputs import write_outputs
from infra.policies.model import Finding
from infra.policies.plan_checks import has_data
from inventory.entries import hosts
from inventory.enums import ProviderName
from inventory.files import make_folder
from inventory.secrets import refuse_lost_passwords

OnStep = Callable[[StepEvent], None]
PARALLEL = 10
# The file that says where the state was moved to, and where to it may be.
MOVED = "moved-to"
BACKENDS = ("s3", "azblob", "gs", "postgres", "file")
# What the engine calls a resource that it left as it was.
UNCHANGED = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operation is limited to, and whether a failure limits it further.

    `municipality`: the one, or central, whose stack alone is meant; `targets`: the resources, by
    name or URN, that alone are.
    """

    municipality: str | None = None
    targets: tuple[str, ...] = ()
    continue_on_error: bool = False


NO_LIMITS = Limits()


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
        state_url=_state_url(context),
    )


def _path() -> str:
    """Return where the program, the plugins and the CLI are looked for.

    Our own programs, then the caller's PATH: the installer of the official CLI puts it into the
    home folder, and `~/.pulumi/bin` is on no fixed list. Then what a lab needs of the system.
    """
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return os.pathsep.join((str(program("")), os.environ.get("PATH", os.defpath), system))


def run(
    context: EstateContext,
    operation: Operation,
    engine: str,
    on_step: OnStep,
    on_findings: OnFindings = lambda _: None,
    limits: Limits = NO_LIMITS,
) -> EngineResult:
    """Run an operation; after `up` the outputs and the pinned host keys are written.

    The program itself makes the credentials that are missing. `on_findings` is told once, by `up`
    and `preview`, where policies do not hold. Raises PolicyError before `up`
    changes anything when a mandatory one does not hold, CommandError when the engine could do
    nothing at all, SecretError when a repository's password is gone.
    """
    _refuse_without_rights(context, operation)
    if operation in (Operation.UP, Operation.PREVIEW):
        # The program would end with the same, but as an engine shows it.
        refuse_lost_passwords(context.estate, context.state)
    whole = replace(
        project(context),
        targets=tuple(map(_urn, limits.targets)),
        continue_on_error=limits.continue_on_error,
    )
    only = limits.municipality
    work = _Work(context, chosen_engine(engine, whole), whole, on_step, on_findings, only)
    try:
        if operation is Operation.UP:
            return _up(work)
        if operation is Operation.PREVIEW:
            return _preview(work)
        return run_each(
            work.chosen, operation, stacks_as_they_are(context, work.whole, only), on_step
        )
    except EngineError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None


def _urn(target: str) -> str:
    """Return a target as a pattern of URNs: a name is that of any resource called so."""
    return target if target.startswith("urn:") else f"**::{target}"


@dataclass(frozen=True, slots=True)
class _Work:
    """What `up` and `preview` work on; `whole` is the project of central's stack, or of all."""

    context: EstateContext
    chosen: Engine
    whole: Project
    on_step: OnStep
    on_findings: OnFindings
    only: str | None

    def findings(self, events: Iterable[StepEvent] = ()) -> tuple[Finding, ...]:
        """Judge all, or what concerns the one tenant that is meant."""
        found = policies.judged(self.context.estate, events)
        return tuple(f for f in found if self.only is None or f.breach.tenant in ("", self.only))


def _preview(work: _Work) -> EngineResult:
    """Say what `up` would do, and where policies do not hold."""
    events: list[StepEvent] = []

    def note(event: StepEvent) -> None:
        events.append(event)
        work.on_step(event)

    refuse_unsplit(work.context, work.whole)
    parts = stacks(work.context, work.whole, work.only)
    result = run_each(work.chosen, Operation.PREVIEW, parts, note)
    work.on_findings(work.findings(events))
    return result


def _up(work: _Work) -> EngineResult:
    """Hold the policies, then bring what is declared about."""
    events: list[StepEvent] = []
    parts: tuple[Stack, ...] = ()
    if not any(finding.stops for finding in work.findings()):
        split_if_asked(work.context, work.whole, lambda text: work.on_step(said(text)))
        parts = stacks(work.context, work.whole, work.only)
        # What died since the last run is made again, instead of being believed in. Whatever the
        # targets: what is to be made cannot be read yet, and the official CLI refuses its name.
        everything = tuple(part.without_targets for part in parts)
        run_each(work.chosen, Operation.REFRESH, everything, lambda event: None)
        with_data = tuple(part for part in parts if any(map(has_data, part.types)))
        planned = run_each(work.chosen, Operation.PREVIEW, with_data, events.append)
        if not planned.ok:
            # It could take away what nobody has seen; a run would fail with the same.
            _show_trouble(events, work.on_step)
            return planned
    findings = work.findings(events)
    work.on_findings(findings)
    policies.refuse(findings)
    result = run_each(work.chosen, Operation.UP, parts, work.on_step)
    if result.ok:
        every = stacks(work.context, replace(work.whole, targets=()))
        outputs = merged_outputs(work.chosen, every)
        write_outputs(outputs, work.context.estate, work.context.state)
    return result


def _show_trouble(events: Iterable[StepEvent], on_step: OnStep) -> None:
    for event in events:
        if event.phase in ("failed", "skipped", "diagnostic"):
            on_step(event)


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


def _state_url(context: EstateContext) -> str:
    """Return where the state was moved to (docs/pulumi.md), nothing when it is here."""
    mark = context.state / "pulumi" / MOVED
    if not mark.exists():
        return ""
    url = mark.read_text(encoding="utf-8").strip()
    if url.partition("://")[0] not in BACKENDS:
        raise CommandError(
            f"{mark}: the URL of no backend of Pulumi's"
            f"\n    expected: one line with {'://…, '.join(BACKENDS)}://…"
            "\n    do: correct it, or delete the file when the state is here",
            Exit.WRONG_USE,
        )
    return url


def chosen_engine(engine: str, whole: Project) -> Engine:
    """Return the engine of that name; CommandError when it cannot be had, or not work there."""
    try:
        chosen = choose(engine)
        chosen.check(whole)
    except EngineError as error:
        raise CommandError(str(error), Exit.WRONG_USE) from None
    return chosen


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
