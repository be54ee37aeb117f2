"""What is accepted is written at the host: whole or not at all, never the last person."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bastide.actions.acceptance import Accepted, accept, write
from bastide.support.errors import CommandError, Exit
from bastide.support.estate import EstateContext
from inventory.enums import Level
from inventory.levels import is_accepted, refusals
from inventory.load import load_estate
from inventory.model.ssh import Ssh
from monitors.inspection.impact import impact
from monitors.inspection.model import Inspection
from monitors.inspection.suggestion.insert import add_items
from monitors.inspection.suggestion.inventory_yaml import suggest
from tests.monitors.inspection.estates import CENTRAL, GRADAC, arrival, host, write_estate
from tests.monitors.inspection.recorded import inspection, text

WEB = inspection("web")
NAME = "gradac-srv-web01"
BY = 'Ana "the IT desk" Ili\u0107'


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    return of_web(tmp_path, {})


def of_web(folder: Path, replaced: Mapping[str, str]) -> EstateContext:
    """Return an estate with the recorded web server, and a machine for Bastide alone."""
    estate = write_estate(folder / "estate")
    (estate / "central.yml").write_text(CENTRAL.replace("    roles", "    manage: full\n    roles"))
    file = estate / "municipalities" / "gradac.yml"
    adopted = add_items(GRADAC, "hosts", suggest(WEB, arrival(estate, Ssh(user="itadmin"))).host)
    for old, new in replaced.items():
        assert old in adopted
        adopted = adopted.replace(old, new)
    file.write_text(adopted)
    (folder / "state").mkdir()
    return EstateContext(estate, load_estate(estate), folder / "state")


def accepted(
    context: EstateContext, now: Inspection = WEB, level: Level = Level.BASELINE
) -> Accepted:
    entry = host(context.folder, NAME)
    return accept(context, entry, now, impact(entry, now, level), BY)


def file_of(context: EstateContext) -> Path:
    return context.folder / "municipalities" / "gradac.yml"


def test_what_is_found_is_written_and_the_host_may_be_changed_then(tmp_path: Path) -> None:
    context = of_web(tmp_path, {"    forwards: true": "    # forwards: true"})
    before = file_of(context).read_text()
    write(context, accepted(context))
    entry = host(context.folder, NAME)
    assert is_accepted(entry)
    assert refusals(entry.tenant.estate) == ()
    accepts = entry.host.accepts
    assert accepts is not None
    assert (accepts.level, accepts.by) == ("baseline", BY)
    found = impact(entry, WEB, Level.BASELINE).cuts
    assert found
    assert accepts.cuts == tuple(dict.fromkeys(cut.key for cut in found))
    after = file_of(context).read_text()
    ours = {"accepts:", "level:", "by:", "date:", "cuts:", "-", "manage:"}
    more = [line for line in after.splitlines() if line not in before.splitlines()]
    assert {line.split()[0] for line in more} == ours
    assert [line for line in before.splitlines() if line not in after.splitlines()] == [
        "    manage: watch # nothing on it changes; the next level is audit"
    ]


def test_what_is_accepted_anew_takes_the_place_of_the_old(context: EstateContext) -> None:
    row = 'tcp LISTEN 0 9 0.0.0.0:8000 0.0.0.0:* users:(("ja#va",pid=9,fd=3))\n'
    write(context, accepted(context))
    assert "cuts: []" in file_of(context).read_text()
    write(context, accepted(context, inspection("web", sockets=text("web", "sockets") + row)))
    write(context, accepted(context, inspection("web", sockets=row), Level.FULL))
    accepts = host(context.folder, NAME).host.accepts
    assert accepts is not None
    assert (accepts.level, accepts.cuts) == ("full", ("port: tcp/8000",))
    assert file_of(context).read_text().count("accepts:") == 1


def refusal(context: EstateContext, now: Inspection = WEB) -> tuple[str, Exit]:
    before = file_of(context).read_bytes()
    with pytest.raises(CommandError) as refused:
        write(context, accepted(context, now))
    assert file_of(context).read_bytes() == before
    return str(refused.value), refused.value.code


def test_what_was_not_read_cannot_be_accepted(context: EstateContext) -> None:
    blind = WEB.model_copy(update={"unread": (("sockets", "did not end in time"),)})
    said, code = refusal(context, blind)
    assert "found: sockets: did not end in time" in said
    assert code is Exit.COULD_NOT_CHECK
    # What says nothing of cuts does not matter.
    accepted(context, WEB.model_copy(update={"unread": (("updates", "did not end in time"),)}))


def test_the_last_person_who_becomes_root_is_never_cut_off(tmp_path: Path) -> None:
    """Root stays, by the key of Bastide's own."""
    context = of_web(tmp_path, {'user: "itadmin"': 'user: "root"'})
    key = text("web", "authorized_keys").splitlines()[1].partition("ssh-ed25519")[2]
    public = f"ssh-ed25519{key}"
    (context.state / "ssh").mkdir()
    (context.state / "ssh" / "admin.pub").write_text(public)
    keys = f"==> root /root/.ssh/authorized_keys\n{public}\n"
    said, code = refusal(context, inspection("web", authorized_keys=keys))
    assert "nobody could log in and become root any more" in said
    assert "declare itadmin in `administrators:`" in said
    assert code is Exit.FINDINGS
    other = public.replace("AAAAINb", "AAAAIMd")
    accepted(context, inspection("web", authorized_keys=f"{keys}{other} ana@pc\n"))


def test_a_host_that_bastide_makes_has_nothing_to_accept(context: EstateContext) -> None:
    made = context.estate.model_copy(update={"provider": "lab"})
    entry = host(context.folder, NAME)
    tenant = type(entry.tenant)(
        entry.tenant.id, entry.tenant.name, entry.tenant.tier, entry.tenant.content, made
    )
    ours = type(entry)(tenant, entry.host)
    with pytest.raises(CommandError, match="Bastide made it"):
        accept(context, ours, WEB, impact(entry, WEB, Level.BASELINE), BY)


def test_nothing_is_written_where_the_estate_would_not_be_valid(context: EstateContext) -> None:
    central = context.folder / "central.yml"
    central.write_text(central.read_text().replace("manage: full", "manage: watch"))
    said, code = refusal(context)
    assert "the estate would not be valid; nothing was written" in said
    assert "write manage: full at the operations host" in said
    assert code is Exit.WRONG_USE


def test_a_file_that_changed_meanwhile_is_left_alone(context: EstateContext) -> None:
    read = accepted(context)
    file_of(context).write_text(f"{read.before}# a remark\n")
    with pytest.raises(CommandError, match="somebody changed it meanwhile"):
        write(context, read)
    assert "accepts" not in file_of(context).read_text()


def test_a_host_in_one_line_is_left_to_a_person(context: EstateContext) -> None:
    read = accepted(context)
    flow = GRADAC + "hosts: [{id: srv-web01, site: hall, address: 172.27.10.25}]\n"
    file_of(context).write_text(flow)
    unlike = Accepted(read.entry, read.impact, read.keys, read.file, flow)
    with pytest.raises(CommandError, match="one key a line"):
        write(context, unlike)
