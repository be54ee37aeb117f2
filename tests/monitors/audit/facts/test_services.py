"""Services of systemd and their processes, read from what the host prints."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.paths import shipped
from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.drop_ins import gives_more
from monitors.audit.facts.services import (
    CLOCK_SECONDS,
    SERVICES,
    Service,
    drop_in_lines,
    first_process,
    mask,
    services,
)
from monitors.audit.facts.system import unit_time
from monitors.collection.bundle import Answer
from tests.monitors.audit.estates import recorded

FILE = "/etc/systemd/system/x.service.d/a.conf"


def answering(text: str) -> Host:
    host, _ = answering_host("any", recording(Answer(0, text)))
    return host


def test_a_host_that_shows_nothing_is_no_verdict() -> None:
    with pytest.raises(UndeterminedError, match="no service"):
        services(answering("\n# processes\n"))
    with pytest.raises(UndeterminedError, match="nothing of its processes"):
        first_process(answering("\n# processes\n"))
    with pytest.raises(UndeterminedError, match="to the end"):
        list(drop_in_lines(answering("")))


def test_a_service_has_its_process_and_that_ones_children() -> None:
    (said,) = (r.stdout for r in recorded("hardened").recorded if r.command == SERVICES)
    found = services(answering(said))
    nginx = found["nginx.service"]
    assert nginx.main is not None
    assert (nginx.main.name, nginx.main.user) == ("nginx", 0)
    assert {p.name for p in nginx.children} == {"nginx"}
    assert 0 not in {p.user for p in nginx.children}
    by_unit = unit_time(nginx.properties)
    for later, read in ((0.0, by_unit), (1.9, by_unit), (60.0, by_unit + 60 + CLOCK_SECONDS)):
        workers = tuple(replace(p, started=by_unit + later) for p in nginx.children)
        assert replace(nginx, children=workers).read_at == read


@pytest.mark.parametrize(
    ("names", "bits"),
    [("many", None), ("", 0), ("cap_net_raw", 1 << 13), ("cap_chown cap_sys_admin", 1 | 1 << 21)],
)
def test_capabilities_as_the_kernels_bits(names: str, bits: int | None) -> None:
    assert mask(names) == bits


def lines(*rows: str) -> list[tuple[str, str, str]]:
    return list(drop_in_lines(answering("".join(f"{FILE}:{row}\n" for row in rows) + "read\n")))


BLANKS = st.text(" \t", max_size=2)


@given(BLANKS, BLANKS, BLANKS, st.booleans(), st.sampled_from(["+", "-+", "+-", "@+", ":+"]))
def test_a_prefix_is_seen_in_every_spelling(
    lead: str, before: str, after: str, cut: bool, prefix: str
) -> None:
    value = f"{prefix}/bin/sh -c x"
    rows = [f"{lead}ExecStart{before}={after}{value}"]
    if cut:
        rows = [f"{lead}ExecStart{before}=\\", "# a note", f"{after}{value}"]
    ((_, name, said),) = lines("[Service]", *rows)
    assert (name, said) == ("ExecStart", value)
    assert gives_more(FILE, name, said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User", "root"),
        ("User", ""),
        ("NoNewPrivileges", "no"),
        ("NoNewPrivileges", "False"),
        ("ProtectSystem", "off"),
        ("PrivateTmp", "0"),
        ("RestrictAddressFamilies", ""),
        ("SystemCallFilter", ""),
        ("CapabilityBoundingSet", "~"),
        ("AmbientCapabilities", "CAP_SYS_ADMIN"),
        ("ExecStartPre", "-+/bin/sh"),
        ("ExecStart", "!/usr/sbin/chronyd -x"),
        ("ExecStart", "-/usr/bin/expr 1 + 1"),
        ("SomethingNew", "1"),
        ("Environment", "LD_PRELOAD=/tmp/x.so"),
        ("RootDirectory", "/srv/x"),
    ],
)
def test_what_gives_a_service_more(name: str, value: str) -> None:
    assert gives_more(FILE, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Restart", "always"),
        ("ExecStart", ""),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", "CAP_NET_RAW"),
        ("User", "www-data"),
        ("Environment", "LANG=C.UTF-8"),
        ("LimitNOFILE", "0"),
    ],
)
def test_what_gives_a_service_no_more(name: str, value: str) -> None:
    assert not gives_more(FILE, name, value)


@pytest.mark.parametrize("file", sorted(shipped("playbooks").glob("roles/*/files/**/*.d/*.conf")))
def test_drop_ins_of_our_own_roles_give_no_more(file: Path) -> None:
    if not re.search(r"\.(service|socket|timer)\.d$", file.parent.name):
        return
    place = f"/etc/systemd/system/{file.parent.name}/{file.name}"
    said = "".join(f"{place}:{line}\n" for line in file.read_text().splitlines())
    assert not [line for line in drop_in_lines(answering(f"{said}read\n")) if gives_more(*line)]


ROLES_UNITS = sorted(shipped("playbooks/roles").rglob("bastide-*.service*"))


@pytest.mark.parametrize(
    "file",
    [f for f in ROLES_UNITS if f.is_file() and "\nUser=" not in f.read_text()],
    ids=lambda file: file.name.removesuffix(".j2"),
)
def test_what_our_own_roles_start_as_root_is_known(file: Path) -> None:
    orders = re.findall(r"^(Exec\w+)=[-+!@:]*(\S+)", file.read_text(), re.MULTILINE)
    name = file.name.removesuffix(".j2").replace("@.", "@any.")
    properties = {f"{order}Ex": f"{{ path={path} ; }}" for order, path in orders}
    properties["FragmentPath"] = f"/etc/systemd/system/{name}"
    assert orders
    assert not Service(name, properties, None, ()).is_of_nobody
    strange = {"ExecStartEx": "{ path=/tmp/program ; }"}
    assert Service(name, properties | strange, None, ()).is_of_nobody
