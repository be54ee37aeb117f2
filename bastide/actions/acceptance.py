"""What a level would cut off at a host, accepted by somebody and written into the inventory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bastide.actions.tenant_file import check, file_of, no_place, replace_text
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.entries import InventoryHost, hosts
from inventory.enums import ProviderName
from inventory.levels import level
from monitors.inspection.commands import OF_IMPACT
from monitors.inspection.impact import Impact, administrators_cut, administrators_left
from monitors.inspection.model import Inspection
from monitors.inspection.suggestion.acceptance_yaml import acceptance_keys
from monitors.inspection.suggestion.insert import NoPlaceError, set_keys
from monitors.ssh.host_keys import fingerprint


@dataclass(frozen=True, slots=True)
class Accepted:
    """The lines of each key for a host's entry, and the file it stands in as it was read."""

    entry: InventoryHost
    impact: Impact
    keys: Mapping[str, Sequence[str]]
    file: Path
    before: str


def accept(
    context: EstateContext, entry: InventoryHost, inspection: Inspection, impact: Impact, by: str
) -> Accepted:
    """Return what is to be written; CommandError when it may not be accepted."""
    _refuse_made(entry)
    _refuse_unread(entry, inspection)
    if problem := nobody_left(context, entry, inspection, impact):
        raise CommandError(problem, Exit.FINDINGS)
    file = file_of(context, entry.tenant)
    # Several listeners may be one finding: a program's ports of the kernel's own range.
    cuts = {cut.key: cut.what for cut in impact.cuts}
    keys = acceptance_keys(impact.level, cuts, by, datetime.now(UTC).date())
    return Accepted(entry, impact, keys, file, file.read_text("utf-8"))


def write(context: EstateContext, accepted: Accepted) -> None:
    """Set the keys at the host, whole or not at all, when the estate stays valid."""
    entry = accepted.entry
    try:
        text = set_keys(accepted.before, "hosts", entry.host.id, accepted.keys)
    except NoPlaceError as error:
        raise no_place(accepted.file, error) from None
    changed = check(context, accepted.file, text)
    now = next(other for other in hosts(changed) if other.name == entry.name)
    accepts = now.host.accepts
    if not accepts or set(accepts.cuts) != {cut.key for cut in accepted.impact.cuts}:
        unlike = NoPlaceError(f"{entry.host.id} does not say then what was accepted")
        raise no_place(accepted.file, unlike)
    assert level(now) is accepted.impact.level  # noqa: S101 - the host's own line counts
    replace_text(accepted.file, accepted.before, text)


def unread_of_impact(inspection: Inspection) -> tuple[str, ...]:
    """Return what could not be read of that which says what is cut off, with the reasons."""
    return tuple(f"{what}: {reason}" for what, reason in inspection.unread if what in OF_IMPACT)


def _refuse_made(entry: InventoryHost) -> None:
    if entry.provider is not ProviderName.EXISTING:
        raise CommandError(
            f"{entry.name}: Bastide made it, there is nothing to accept", Exit.WRONG_USE
        )


def _refuse_unread(entry: InventoryHost, inspection: Inspection) -> None:
    if unread := unread_of_impact(inspection):
        raise CommandError(
            f"{entry.name}: what would be cut off is not known, so nothing can be accepted"
            f"\n    expected: all of it read\n    found: {'; '.join(unread)}"
            "\n    do: mend that on the host, and run this again",
            Exit.COULD_NOT_CHECK,
        )


def nobody_left(
    context: EstateContext, entry: InventoryHost, inspection: Inspection, impact: Impact
) -> str:
    """Return why a level may not cut off every person who logs in and becomes root; else nothing.

    Bastide's own key is no person's.
    """
    lost = administrators_cut(impact, inspection)
    own = context.state / "ssh" / "admin.pub"
    machines = {fingerprint(own.read_text("utf-8"))} if own.exists() else set()
    if not lost or administrators_left(entry, inspection, machines):
        return ""
    return (
        f"{entry.name}: nobody could log in and become root any more but Bastide itself"
        "\n    expected: one who stays, with a key of their own on the host"
        f"\n    found: {', '.join(lost)}, who would be cut off"
        f"\n    do: declare {lost[0]} in `administrators:`, with the key that they log in with"
    )
