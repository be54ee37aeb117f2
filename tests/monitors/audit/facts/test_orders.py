"""Files with orders, each in its own language: however an order is written, it is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.facts.orders import is_read, orders
from monitors.audit.facts.timed_jobs import Job, root_jobs
from tests.monitors.audit.facts.test_timed_jobs import answering

GAPS = st.text(" \t", min_size=1, max_size=3)
AROUND = st.sampled_from(["", "# a comment\n", "\n\n", "  # indented\n", "# looked\n"])
PROGRAM = "/usr/lib/x --all"
# By file: a harmless line, and the words of one that starts a program.
ORDERS = {
    "/etc/modprobe.d/x.conf": ("options kvm nested=1", f"install kvm {PROGRAM}"),
    "/etc/udev/rules.d/x.rules": ('KERNEL=="sda", NAME="x"', f'KERNEL=="sda", RUN+="{PROGRAM}"'),
    "/etc/tmpfiles.d/x.conf": ("d /run/x 0755 root root -", "f+ /etc/cron.d/x 0644 root root - x"),
    "/etc/network/interfaces": ("auto lo", f"post-up {PROGRAM}"),
    "/etc/profile.d/x.sh": ("umask 027", PROGRAM),
    "/etc/dpkg/dpkg.cfg.d/x": ("no-debsig", f"post-invoke {PROGRAM}"),
}


@pytest.mark.parametrize("file", ORDERS)
@given(gap=GAPS, lead=st.text(" \t", max_size=3), before=AROUND, after=AROUND, cut=st.booleans())
def test_an_order_is_seen_in_every_spelling(
    file: str, gap: str, lead: str, before: str, after: str, cut: bool
) -> None:
    harmless, order = ORDERS[file]
    words = order.split(" ")
    line = words[0] + (" \\\n" if cut else gap) + gap.join(words[1:])
    (found,) = orders(file, f"{harmless}\n{before}{lead}{line}\n{after}{harmless}\n")
    assert found.split() == line.replace("\\\n", " ").split()
    assert list(orders(file, f"{before}{lead}{harmless}\n{after}")) == []


@given(before=AROUND, lead=st.text(" \t", max_size=3), behind=st.sampled_from(["", "true; "]))
def test_a_script_of_logrotates_is_read_to_its_end(before: str, lead: str, behind: str) -> None:
    text = (
        f"/var/log/x {{\n{before}{lead}postrotate\n{lead}{behind}{PROGRAM}\n{lead}endscript\n}}\n"
    )
    assert [order.strip() for order in orders("/etc/logrotate.d/x", text)] == [behind + PROGRAM]


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/etc/udev/rules.d/x.rules", True),
        ("/etc/udev/rules.d/x.rules.dpkg-old", False),
        ("/etc/profile.d/x.sh", True),
        ("/etc/profile.d/README", False),
        ("/etc/dpkg/dpkg.cfg.d/x", True),
        ("/etc/dpkg/dpkg.cfg.d/x.bak", False),
        ("/lib/systemd/system/x.service", True),
        ("/lib/systemd/system/x.service.d/y.conf", True),
        ("/lib/systemd/system/x.service.d/y.txt", False),
        ("/lib/systemd/system/multi-user.target.wants/x.service", False),
        ("/lib/systemd/system-generators/x", True),
        ("/etc/ssh/sshrc", True),
    ],
)
def test_which_names_are_read(path: str, read: bool) -> None:
    assert is_read(path) is read


def test_what_looks_like_the_hosts_own_words_is_content() -> None:
    said = "# orders /etc/profile.d/x.sh\n # looked\n # timer x\n /usr/lib/x\n# looked\n"
    assert root_jobs(answering(said)) == [Job("/etc/profile.d/x.sh", "/usr/lib/x")]
