"""The page of an impact: the same in text and HTML, and nothing of a host's is markup."""

import re
from datetime import UTC, datetime
from html import unescape

from bastide.actions import impact_page, impact_sections
from bastide.actions.changes import (
    AccountChange,
    Changes,
    FileChange,
    PackageChange,
    ParameterChange,
    UnitChange,
)
from inventory.enums import Level
from monitors.inspection.impact import Cut, Impact

CUT = Cut(key="login: eve", what="eve <script>: a key", why="why & so", keep="do it")
PAGE = Impact(host="gradac-web", level=Level.BASELINE, logins=(CUT,), unknown=("<b>",))
AT = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
DIFF = ("@@ -1 +1 @@", "-old <i>", "+new <script>")
CHANGES = Changes(
    files=(
        FileChange(path="/etc/hosts", action="replaced", was="0600 a:a", access="0644 root:root"),
        FileChange(path="/etc/new", action="created", diff=DIFF),
        FileChange(path="/etc/key", action="created", secret=True),
        FileChange(path="/etc/x", action="access changed"),
    ),
    packages=(
        PackageChange(name="telnet", action="removed"),
        PackageChange(name="chrony", action="installed", version="4.3-2"),
        PackageChange(name="aide", action="installed", version="0.18"),
    ),
    units=(
        UnitChange(name="chrony.service", action="started", was="not there yet"),
        UnitChange(name="smbd.service", action="restarted", was="active"),
    ),
    accounts=(AccountChange(name="bastide-audit", change="user created"),),
    parameters=(
        ParameterChange(name="net.ipv4.conf.all.rp_filter", before="0", after="1"),
        ParameterChange(name="net.ipv4.conf.eth0.1.rp_filter", before="0", after="1"),
        ParameterChange(name="net.ipv4.ip_forward", before="1", after="0"),
    ),
    unpredictable=("firewall : Load the rules",),
)


def test_both_forms_say_the_same() -> None:
    text = impact_page.text(PAGE, CHANGES, AT)
    html = impact_page.html(PAGE, CHANGES, AT)
    body = html.partition("<body>")[2]
    shown = re.sub(r"\W+", "", unescape(re.sub("<[^>]+>", "", body)))
    assert shown == re.sub(r"\W+", "", text)
    assert impact_sections.title(PAGE) in text
    assert "Nothing was changed. As of 2026-11-27 12:30 UTC." in text


def test_whom_it_cuts_off_comes_before_what_it_changes() -> None:
    text = impact_page.text(PAGE, CHANGES)
    headings = [line for line in text.splitlines() if line and line[0] not in " -"]
    assert headings[3:] == [
        "Logins that would be cut off",
        "Ports that would be closed",
        "Forwarding that would be cut",
        "Addresses and routes that would end",
        "Files replaced, changed or removed",
        "New files and folders",
        "Packages installed or removed",
        "Services and timers",
        "Accounts and groups",
        "Kernel parameters",
        "Not known",
    ]


def test_how_much_would_change_is_counted() -> None:
    assert impact_sections.counts(CHANGES) == (
        "Would write 3 files and folders, 1 of them in place of what is there; "
        "install 2 packages, upgrade 0, remove 1; restart or stop 1 units that run now."
    )


def test_what_is_the_same_for_many_is_one_line_and_what_interrupts_comes_first() -> None:
    text = impact_page.text(PAGE, CHANGES)
    assert "- net.ipv4.conf.*.rp_filter: 0 -> 1\n    of all, eth0.1\n" in text
    assert "- net.ipv4.ip_forward: 1 -> 0\n" in text
    assert "- removed: 1\n    telnet\n  - installed: 2\n    chrony 4.3-2, aide 0.18\n" in text
    assert text.index("smbd.service: restarted") < text.index("chrony.service: started")
    assert "- /etc/hosts: replaced\n    0600 a:a -> 0644 root:root\n" in text
    assert "- /etc/key: created\n    its content is secret and not shown\n" in text


def test_of_a_new_file_the_text_shows_the_beginning_and_of_a_replaced_one_all() -> None:
    lines = tuple(f"+line {number}" for number in range(20))
    for action, shown in (("created", 8), ("replaced", 20)):
        changes = Changes(files=(FileChange(path="/etc/a", action=action, diff=lines),))
        text = impact_page.text(PAGE, changes)
        assert text.count("+line") == shown
        assert ("… 12 more lines" in text) is (action == "created")
        assert impact_page.html(PAGE, changes).count("+line") == 20


def test_what_takes_the_place_of_something_comes_first() -> None:
    actions = ("created", "access changed", "replaced", "folder created", "removed")
    files = tuple(FileChange(path=f"/{a}", action=a) for a in actions)
    text = impact_page.text(PAGE, Changes(files=files))
    order = sorted(actions, key=lambda action: text.index(f"- /{action}:"))
    assert order == ["removed", "replaced", "access changed", "created", "folder created"]


def test_a_check_that_ended_early_says_so_and_claims_nothing_of_the_rest() -> None:
    text = impact_page.text(PAGE, Changes(refused=("systems : Refuse: Debian 6",)))
    assert "more is to come" in text
    assert "What ended the check: all that comes after it is not known\n  - systems" in text
    assert "Kernel parameters" not in text


def test_what_a_host_calls_things_is_no_markup() -> None:
    html = impact_page.html(PAGE, CHANGES)
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "eve &lt;script&gt;: a key" in html
    assert "<del>-old &lt;i&gt;</del>" in html


def test_an_impact_that_cuts_nobody_off_says_so() -> None:
    page = impact_page.text(Impact(host="a", level=Level.AUDIT))
    assert "cuts nobody off that was read" in page
    assert "none of those that listen" in page
    assert "Files" not in page
