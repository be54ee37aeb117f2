"""`bastide snmp profiles`: what devices are polled for, and the metrics that it becomes."""

from collections.abc import Iterator

import click

from bastide.support.errors import CommandError, Exit
from bastide.support.estate import own_of
from bastide.support.options import estate_option, json_option
from bastide.support.output import print_json, print_table, row
from monitors.snmp.own_profiles import profiles_of
from monitors.snmp.profile import Number, Profile, Table
from monitors.snmp.profile_files import shipped_profiles


@click.command()
@click.argument("name", required=False)
@estate_option
@json_option
def profiles(name: str | None, estate_name: str | None, as_json: bool) -> int:
    """List the SNMP profiles, or document the one called NAME.

    A device gets every profile whose objects it answers; `profiles` and `more_profiles` in its
    inventory entry pin and add them. Those that an estate brings of its own are marked.
    """
    by_name = profiles_of(own_of(estate_name))
    if name is not None and name not in by_name:
        raise CommandError(
            f"{name}: no such profile; there are: {', '.join(sorted(by_name))}", Exit.WRONG_USE
        )
    if as_json:
        wanted = [by_name[name]] if name else by_name.values()
        print_json([profile.model_dump(mode="json", exclude_defaults=True) for profile in wanted])
    elif name:
        click.echo("\n".join(document(by_name[name])))
    else:
        _list(sorted(by_name.values(), key=lambda profile: profile.profile))
    return Exit.WELL


def _list(listed: list[Profile]) -> None:
    print_table(
        ("profile", "what", "metrics"),
        (
            row(profile.profile, _title(profile), str(len({n.metric for n in numbers(profile)})))
            for profile in listed
        ),
    )


def _title(profile: Profile) -> str:
    return profile.title + ("" if profile.profile in shipped_profiles() else " (the estate's own)")


def numbers(profile: Profile) -> Iterator[Number]:
    """Yield every number of a profile."""
    yield from profile.scalars
    for table in profile.tables:
        yield from table.columns


def document(profile: Profile) -> Iterator[str]:
    """Yield the lines that describe a profile."""
    yield f"{profile.profile}: {profile.title}"
    yield f"  {profile.source}"
    yield f"  {profile.about}"
    yield f"  chosen when the device answers below {', '.join(profile.present)}"
    if profile.object_ids:
        yield f"  ... and its sysObjectID is below {', '.join(profile.object_ids)}"
    if profile.unless:
        yield f"  ... and it does not get {', '.join(profile.unless)}"
    if profile.info:
        texts = tuple(label.label for label in profile.info.labels)
        yield from _series(profile.info.metric, "info", profile.info.help, texts)
    for spec in profile.scalars:
        yield from _number(spec, ())
    for table in profile.tables:
        yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    labels = (
        *(part.label for part in table.index if part.label),
        *(link.label for link in table.links),
        *(label.label for label in table.labels),
    )
    yield ""
    yield f"  {table.table}, {'every poll' if table.poll == 'fast' else 'every ten minutes'}"
    if table.info:
        texts = tuple(label.label for label in table.info.labels)
        yield from _series(table.info.metric, "info", table.info.help, (*labels, *texts))
    for spec in table.columns:
        yield from _number(spec, labels)


def _number(spec: Number, labels: tuple[str, ...]) -> Iterator[str]:
    more = tuple(f'{name}="{value}"' for name, value in spec.labels.items())
    stated = spec.states or spec.levels or (spec.bits and not spec.matches)
    states = ("state",) if stated else ()
    yield from _series(spec.metric, spec.type, spec.help, (*labels, *more, *states))
    meanings = spec.states or spec.enum or spec.bits
    if meanings:
        yield "      " + ", ".join(f"{code} {word}" for code, word in meanings.items())
    for level, words in spec.levels.items():
        yield f"      {level}: " + ", ".join(f"{code} {word}" for code, word in words.items())


def _series(metric: str, kind: str, help_text: str, labels: tuple[str, ...]) -> Iterator[str]:
    yield f"    {metric}" + (f"{{{', '.join(labels)}}}" if labels else "") + f"  {kind}"
    yield f"      {help_text}"
