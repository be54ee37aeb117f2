"""What a release makes of the inventory, and which hosts cannot be released."""

from dataclasses import replace
from pathlib import Path

import pytest

from bastide.actions import release
from bastide.actions.acceptance import write as accept
from bastide.actions.playbook_recap import HostRecap, Recap
from bastide.actions.rollback import HostUndone, Rollback
from bastide.support.errors import CommandError
from bastide.support.estate import EstateContext
from inventory.entries import hosts
from inventory.enums import Level
from inventory.levels import level
from inventory.load import load_estate
from tests.bastide.actions.test_acceptance import NAME, accepted, file_of, of_web
from tests.bastide.context import lab_context
from tests.monitors.inspection.estates import host


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """The web server at baseline, with what that cuts off accepted."""
    before = of_web(tmp_path, {})
    accept(before, accepted(before))
    return replace(before, estate=load_estate(before.folder))


def test_a_released_host_is_watched_and_accepts_nothing(context: EstateContext) -> None:
    before = file_of(context).read_text()
    entry = release.planned_entry(context, NAME, remove=False)
    assert file_of(context).read_text() == before
    file_of(context).write_text(entry.after)
    assert level(host(context.folder, NAME)) is Level.WATCH
    assert "accepts:" not in entry.after
    gone = [line for line in before.splitlines() if line not in entry.after.splitlines()]
    assert gone[0] == "    manage: baseline"
    assert "    accepts:" in gone


def test_or_it_is_in_the_inventory_no_more(context: EstateContext) -> None:
    entry = release.planned_entry(context, NAME, remove=True)
    file_of(context).write_text(entry.after)
    assert NAME not in [each.name for each in hosts(load_estate(context.folder))]


@pytest.mark.parametrize(
    ("complete", "dry", "written"),
    [(True, False, True), (False, False, False), (True, True, False)],
)
def test_the_inventory_says_so_only_once_all_is_undone(
    context: EstateContext,
    monkeypatch: pytest.MonkeyPatch,
    complete: bool,
    dry: bool,
    written: bool,
) -> None:
    problems = () if complete else ("file /etc/a: no space",)
    undone = HostUndone(NAME, ("file /etc/a",), problems=problems)
    result = Rollback(Recap({NAME: HostRecap(2, 1, 0, 0)}), (undone,))
    monkeypatch.setattr(release, "roll_back", lambda *arguments, **options: result)
    entry = release.planned_entry(context, NAME, remove=False)

    assert release.release(context, NAME, entry, dry=dry, force=False) is result
    assert (file_of(context).read_text() == entry.after) is written


def test_what_bastide_made_cannot_be_released(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Bastide made it"):
        release.planned_entry(lab_context(tmp_path), "central-ops", remove=False)


def test_a_host_at_which_nothing_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nothing was changed there"):
        release.planned_entry(of_web(tmp_path, {}), NAME, remove=False)


def test_an_unknown_host_is_refused_with_the_others_names(context: EstateContext) -> None:
    with pytest.raises(CommandError, match=f"expected one of: .*{NAME}"):
        release.planned_entry(context, "nobody", remove=False)
