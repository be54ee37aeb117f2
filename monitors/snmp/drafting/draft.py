"""A profile's file, drafted: what a recording has and no profile reads, with guesses marked."""

from collections.abc import Iterable, Iterator, Mapping

from monitors.snmp.client import Raw
from monitors.snmp.drafting.guess import guess
from monitors.snmp.drafting.mib import MibObject
from monitors.snmp.drafting.tables import Found, FoundTable, find
from monitors.snmp.profile import Profile
from monitors.snmp.recording.reader import Recording
from monitors.text import label_text

MOST_TABLES = 40
Mib = Mapping[str, MibObject]


def known_objects(profiles: Iterable[Profile]) -> frozenset[str]:
    """Return every OID that profiles read or lean on."""
    found: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list | tuple | set | frozenset):
            for inner in value:
                collect(inner)
        elif isinstance(value, str) and value.startswith("1."):
            found.add(value)

    for profile in profiles:
        collect(profile.model_dump(exclude={"present", "object_ids"}))
    return frozenset(found)


def draft(name: str, recording: Recording, profiles: Iterable[Profile], mib: Mib) -> str:
    """Return the text of a profile for what ``profiles`` do not read; empty when that is nothing.

    Comments mark what was guessed, with a value of the recording beside it.
    """
    found = find(recording.entries, known_objects(profiles))
    scalars = [line for each in found.scalars.items() for line in _scalar(name, *each, mib)]
    tables = [line for table in found.tables[:MOST_TABLES] for line in _table(name, table, mib)]
    if not scalars and not tables:
        return ""
    return "\n".join(
        [
            *_head(name, recording, found),
            *(["scalars:", *scalars] if scalars else []),
            *(["tables:", *tables] if tables else []),
            "",
        ]
    )


def _head(name: str, recording: Recording, found: Found) -> Iterator[str]:
    yield "---"
    yield f"# Drafted from {recording.name}: look at every line, remove what nobody needs."
    yield "# `bastide snmp profile check` says what is wrong, `snmp replay --show` what it gives."
    yield f"profile: {name}"
    yield f"title: {name}"
    yield "source: the maker's MIB"
    yield "about: What is read of it, in a sentence."
    yield "present:"
    yield from (f"  - {root}" for root in _roots(found))


def _roots(found: Found) -> list[str]:
    tables = [table.entry.rpartition(".")[0] for table in found.tables[:MOST_TABLES]]
    groups = [dotted.removesuffix(".0").rpartition(".")[0] for dotted in found.scalars]
    return list(dict.fromkeys([*tables, *groups]))


def _scalar(name: str, dotted: str, value: Raw, mib: Mib) -> Iterator[str]:
    seen = mib.get(dotted.removesuffix(".0"))
    if isinstance(value, int | float):
        yield from _number(name, dotted, seen, [value], "  ")


def _table(name: str, table: FoundTable, mib: Mib) -> Iterator[str]:
    numbers = {c: rows for c, rows in table.columns.items() if _are(rows, int | float)}
    if not numbers:
        return
    known = mib.get(table.entry.rpartition(".")[0])
    arcs = "x".join(table.entry.split(".")[6:-1])
    yield f"  - table: {known.name if known else f'table{arcs}'}"
    form = "index" if table.index_parts == 1 else "{label: index, form: rest}"
    yield f"    index: [{form}]"
    label = _label_column(table)
    if label is not None:
        yield "    labels:"
        yield f"      - {{label: sensor, oid: {table.entry}.{label}}}  # a guess: texts that differ"
    yield "    columns:"
    for column, rows in numbers.items():
        dotted = f"{table.entry}.{column}"
        yield from _number(name, dotted, mib.get(dotted), list(rows.values()), "      ")


def _number(
    name: str, dotted: str, seen: MibObject | None, values: list[Raw], margin: str
) -> Iterator[str]:
    guessed, called = guess(seen, values), seen.name if seen else "a number without a name"
    yield f"{margin}# {called}, for example {values[0]!r}"
    yield f"{margin}- oid: {dotted}"
    if guessed:
        yield f"{margin}  metric: {guessed.metric}  # a guess from the name"
        yield f'{margin}  help: "{guessed.help}"'
        if guessed.scale != 1:
            yield f"{margin}  scale: {guessed.scale}  # a guess from the value"
    else:
        arcs = dotted.removesuffix(".0").split(".")[6:]
        yield f"{margin}  metric: {name}_{'_'.join(arcs)}"
        yield f'{margin}  help: "{called}."'
    if seen and seen.numbers:
        words = ", ".join(f'{number}: "{word}"' for number, word in seen.numbers.items())
        yield f"{margin}  enum: {{{words}}}"


def _label_column(table: FoundTable) -> int | None:
    for column, rows in table.columns.items():
        texts = [label_text(value) for value in rows.values() if isinstance(value, bytes)]
        if len(texts) == len(rows) == len(set(texts)) and all(t.isprintable() for t in texts):
            return column
    return None


def _are(rows: Mapping[str, Raw], kind: object) -> bool:
    return all(isinstance(value, kind) for value in rows.values())  # type: ignore[arg-type]
