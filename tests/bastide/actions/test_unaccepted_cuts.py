"""What would be cut off beyond what was accepted stops a run; what cannot be read is left alone."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from bastide.actions.acceptance import write
from bastide.actions.unaccepted_cuts import MOST_CUTS, Review, new_cuts, review
from bastide.support.estate import EstateContext, estate_context
from inventory.enums import Level
from monitors.inspection.model import Inspection
from tests.bastide.actions.test_acceptance import NAME, WEB, accepted, of_web
from tests.bastide.actions.test_host_check import audited
from tests.monitors.inspection.estates import host
from tests.monitors.inspection.recorded import inspection, text
from tests.monitors.shell_server import Quirks

JAVA = 'tcp LISTEN 0 9 0.0.0.0:8000 0.0.0.0:* users:(("java",pid=9,fd=3))\n'


@pytest.fixture
def context(tmp_path: Path) -> EstateContext:
    """An estate in which somebody accepted all that the recorded host would lose."""
    context = of_web(tmp_path, {"    forwards: true": "    # forwards: true"})
    write(context, accepted(context))
    return context


def with_java() -> Inspection:
    return inspection("web", sockets=text("web", "sockets") + JAVA)


def found(context: EstateContext, now: Inspection) -> str:
    return new_cuts(context, host(context.folder, NAME), now)


def test_a_new_listener_is_named_with_both_ways_out(context: EstateContext) -> None:
    said = found(context, with_java())
    assert said.startswith(f"{NAME}: baseline would cut off more than what Ana")
    assert "nothing was changed on any host" in said
    assert "found: tcp port 8000, java" in said
    assert "to keep it: declare it in `listens:`" in said
    assert f"bastide host impact {NAME} --level baseline --accept" in said


def test_a_new_login_and_a_new_published_port_are_named(context: EstateContext) -> None:
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    assert "found: clerk: with a password" in found(context, inspection("web", shadow=shadow))
    rule = "-A CONTAINERS -p tcp --dport 9000 -j DNAT --to-destination 172.18.0.3:80\n"
    first = "-A POSTROUTING -s 172.18"
    more = text("web", "iptables").replace(first, f"{rule}{first}", 1)
    assert "found: tcp port 9000, handed on" in found(context, inspection("web", iptables=more))


def test_what_was_accepted_is_nothing_new_however_much_of_it_is_gone(
    context: EstateContext,
) -> None:
    assert found(context, WEB) == ""
    assert found(context, inspection("web", sockets="", iptables="", nft="", kernel="")) == ""


def test_what_was_accepted_for_baseline_may_not_be_enough_for_full(context: EstateContext) -> None:
    """The same keys count, at the level that the host is managed at."""
    write(context, accepted(context, with_java(), Level.FULL))
    assert found(context, with_java()) == ""


def test_of_many_only_some_are_shown(context: EstateContext) -> None:
    rows = "".join(JAVA.replace("8000", str(port)) for port in range(8000, 8020))
    said = found(context, inspection("web", sockets=text("web", "sockets") + rows))
    assert said.count("found: tcp port") == MOST_CUTS
    assert f"and {20 - MOST_CUTS} more" in said


def test_the_last_person_with_a_key_has_gone(context: EstateContext) -> None:
    """The accepted login is no new cut, and nobody is left beside it."""
    shadow = text("web", "shadow").replace("clerk locked", "clerk set")
    sudoers = text("web", "sudoers") + "==> /etc/sudoers.d/c\nclerk ALL=(ALL) ALL\n"
    now = inspection("web", shadow=shadow, sudoers=sudoers)
    write(context, accepted(context, now))
    assert found(context, now) == ""
    file = context.folder / "municipalities" / "gradac.yml"
    file.write_text(file.read_text().replace("  cuts:", "  cuts:\n        - 'login: itadmin'"))
    gone = inspection("web", shadow=shadow, sudoers=sudoers, authorized_keys="")
    assert "nobody could log in and become root any more" in found(context, gone)


def unreadable(estate: Path, changes: Mapping[str, object]) -> EstateContext:
    """The estate of one host, at baseline and accepted, with other keys of its way in."""
    files = {name: estate / name for name in ("central.yml", "municipalities/gradac.yml")}
    central, town = (yaml.safe_load(file.read_text()) for file in files.values())
    central["hosts"][0]["manage"] = "full"
    accepts = {"level": "baseline", "by": "Ana", "date": "2026-11-27"}
    town["hosts"][0] |= {"manage": "baseline", "accepts": accepts}
    town["hosts"][0]["ssh"] |= dict(changes)
    for file, content in zip(files.values(), (central, town), strict=True):
        file.write_text(yaml.safe_dump(content, sort_keys=False))
    return estate_context(str(estate))


@pytest.mark.parametrize(
    ("quirks", "changes", "reason"),
    [
        (Quirks(), {"port": 1}, "unreachable"),
        (Quirks(user="other"), {}, "login refused"),
        (Quirks(sudo_says="itadmin is not in the sudoers file."), {}, "sudo"),
        (Quirks(dies=True), {}, "gradac-web"),
    ],
    ids=["closed", "refused", "no sudo", "dies in the middle"],
)
def test_a_host_that_cannot_be_read_is_left_alone_and_said(
    tmp_path: Path, own_state: Path, quirks: Quirks, changes: Mapping[str, object], reason: str
) -> None:
    told: list[tuple[str, int]] = []
    with audited(tmp_path, quirks) as (estate, _):
        context = unreadable(estate, changes)
        result = review(context, ["gradac-web"], lambda name, left: told.append((name, left)))
        again = review(context, ["gradac-web"])
    assert result.new == {}
    assert reason in result.unread["gradac-web"]
    assert "it is left as it is" in result.unread["gradac-web"]
    assert "bastide host check gradac-web" in result.unread["gradac-web"]
    assert again.unread.keys() == {"gradac-web"}
    assert told == [("gradac-web", 0)]
    # A login that was refused is tried once.
    assert len(quirks.logins) == {"unreachable": 0, "gradac-web": 2}.get(reason, 1)


def test_of_no_hosts_nothing_is_found(context: EstateContext) -> None:
    assert review(context, []) == Review()
