"""`bastide backup configurations`: versions of network gear's configurations."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bastide.support.completion import complete_devices
from bastide.support.durations import duration
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext, estate_context
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from bastide.support.progress import Progress
from inventory.outputs import Outputs, OutputsError
from monitors.configurations.records import Record, read_record, repository_folder
from monitors.configurations.repository import Change, Repository, RepositoryError
from monitors.configurations.saving import Kept, Outcome, Saver, expected

# Read every six hours: one run may be missed.
OLD = timedelta(hours=26)
version_option = click.option(
    "--version", "version", metavar="COMMIT", help="A version, as `--versions` lists them."
)


@click.command()
@click.argument("names", nargs=-1, shell_complete=complete_devices)
@estate_option
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Log in to jump hosts with this private key, instead of the inventory's.",
)
@json_option
def run(names: tuple[str, ...], estate_name: str | None, key: Path | None, as_json: bool) -> int:
    """Read devices NAMES now, by default all, keep what changed (exit 1: not all).

    Nothing is kept of a configuration that is not whole, or in which something looks like a secret
    that no rule knows.
    """
    context = estate_context(estate_name)
    wanted = [_find(context, name) for name in names] or expected(context.estate)
    progress = Progress()
    saver = Saver(context.state, _outputs(context), key)
    try:
        outcomes = tuple(saver.save(wanted, lambda outcome: _tell(progress, outcome)))
    except RepositoryError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if as_json:
        print_json([_outcome_values(outcome) for outcome in outcomes])
    return Exit.FINDINGS if any(outcome.record.problem for outcome in outcomes) else Exit.WELL


def _outputs(context: EstateContext) -> Outputs | None:
    try:
        return context.outputs
    except OutputsError:  # nothing is provisioned: the inventory's own addresses count
        return None


def _tell(progress: Progress, outcome: Outcome) -> None:
    record, change = outcome.record, outcome.change
    text = record.problem or (f"+{change.added} -{change.removed}" if change else "as it was")
    progress.step(outcome.kept.name, text, good=not record.problem)


def _outcome_values(outcome: Outcome) -> dict[str, object]:
    change = asdict(outcome.change) if outcome.change else None
    return {"device": outcome.kept.name, **outcome.record.model_dump(), "change": change}


@click.command()
@estate_option
@json_option
def status(estate_name: str | None, as_json: bool) -> int:
    """Show when each configuration was kept and changed (exit 1: one is old).

    Old is what was not read and kept for 26 hours, whatever the reason.
    """
    context = estate_context(estate_name)
    rows = [(kept, read_record(context.state, kept.name)) for kept in expected(context.estate)]
    now = datetime.now(UTC)
    if as_json:
        print_json([_status_values(kept, record, now) for kept, record in rows])
    else:
        _show_status(rows, now)
    return Exit.FINDINGS if any(_old(record, now) for _, record in rows) else Exit.WELL


def _old(record: Record | None, now: datetime) -> bool:
    return record is None or record.succeeded is None or now - record.succeeded > OLD


def _status_values(kept: Kept, record: Record | None, now: datetime) -> dict[str, object]:
    return {
        "device": kept.name,
        "platform": kept.configuration.platform.value,
        "old": _old(record, now),
        **(record.model_dump() if record else {}),
    }


def _show_status(rows: list[tuple[Kept, Record | None]], now: datetime) -> None:
    print_table(
        ("device", "platform", "kept", "changed", "what is wrong"),
        (
            row(
                kept.name,
                kept.configuration.platform.value,
                _since(record.succeeded, now) if record else "never",
                _since(record.changed, now) if record else "never",
                record.problem if record else "never read",
                bad=_old(record, now),
            )
            for kept, record in rows
        ),
    )


def _since(at: datetime | None, now: datetime) -> str:
    return f"{duration((now - at).total_seconds())} ago" if at else "never"


@click.command()
@click.argument("device", shell_complete=complete_devices)
@estate_option
@version_option
@click.option("--versions", is_flag=True, help="List the kept versions, the newest first.")
@json_option
def show(
    device: str, estate_name: str | None, version: str | None, versions: bool, as_json: bool
) -> int:
    """Print DEVICE's configuration as it is kept, or list its versions."""
    context = estate_context(estate_name)
    kept, repository = _find(context, device), _repository(context)
    known = _versions(repository, kept)
    if versions:
        _show_versions(known, as_json=as_json)
        return Exit.WELL
    wanted = _known(known, version) if version else known[0]
    text = repository.show(kept.path, wanted.commit)
    if as_json:
        print_json({"device": kept.name, **asdict(wanted), "configuration": text})
    else:
        click.echo(text, nl=False)
    return Exit.WELL


def _show_versions(known: tuple[Change, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(change) for change in known])
        return
    rows = (
        row(change.commit[:12], f"{change.at:%F %T %z}", f"+{change.added}", f"-{change.removed}")
        for change in known
    )
    print_table(("version", "kept at", "lines", ""), rows)


@click.command()
@click.argument("device", shell_complete=complete_devices)
@click.argument("older", required=False)
@click.argument("newer", required=False)
@estate_option
@json_option
def diff(
    device: str, older: str | None, newer: str | None, estate_name: str | None, as_json: bool
) -> int:
    """Print what differs between two versions, by default the last (exit 1).

    OLDER and NEWER are versions as `show --versions` lists them; without NEWER it is the newest.
    Exit 0: nothing differs, or there is one version only.
    """
    context = estate_context(estate_name)
    kept, repository = _find(context, device), _repository(context)
    known = _versions(repository, kept)
    new = _known(known, newer) if newer else known[0]
    old = _known(known, older) if older else known[min(1, len(known) - 1)]
    text = repository.diff(kept.path, old.commit, new.commit)
    if as_json:
        print_json({"device": kept.name, "older": old.commit, "newer": new.commit, "diff": text})
    else:
        click.echo(text, nl=False)
    return Exit.FINDINGS if text else Exit.WELL


def _repository(context: EstateContext) -> Repository:
    return Repository(repository_folder(context.state))


def _versions(repository: Repository, kept: Kept) -> tuple[Change, ...]:
    try:
        known = repository.versions(kept.path)
    except RepositoryError as error:
        raise CommandError(str(error), Exit.COULD_NOT_CHECK) from None
    if not known:
        raise CommandError(
            f"{kept.name}: no configuration is kept here\n"
            "    do: `bastide backup configurations run`, or ask on the operations host",
            Exit.COULD_NOT_CHECK,
        )
    return known


def _known(known: tuple[Change, ...], version: str) -> Change:
    """Return the version that begins so; CommandError when none does, or several do."""
    found = [change for change in known if change.commit.startswith(version)]
    if len(found) != 1 or len(version) < 4:
        raise CommandError(
            f"{version!r}: expected a version as `show --versions` lists them", Exit.WRONG_USE
        )
    return found[0]


def _find(context: EstateContext, name: str) -> Kept:
    there = {kept.name: kept for kept in expected(context.estate)}
    if name not in there:
        known = ", ".join(there) or "none has `configuration:`"
        raise CommandError(
            f"no device {name!r} whose configuration is read; expected one of: {known}",
            Exit.WRONG_USE,
        )
    return there[name]
