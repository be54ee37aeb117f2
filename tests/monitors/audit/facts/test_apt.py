"""apt's sources and what unattended-upgrades takes from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.apt import Apt, Repository, apt_sources, is_installed_from
from monitors.collection.bundle import Answer

SECURITY = Repository(
    "http://deb/debian-security",
    "stable-security",
    "bookworm-security",
    "Debian",
    "Debian-Security",
)
MAIN = Repository("http://deb/debian", "stable", "bookworm", "Debian", "Debian")
UBUNTU = Repository("http://ubuntu", "jammy-security", "jammy", "Ubuntu", "Ubuntu")
APT = Apt((), (), "debian", "bookworm")


def answering(text: str) -> Host:
    host, _ = answering_host("any", recording(Answer(0, text)))
    return host


LISTS = "/var/lib/apt/lists"


def listed(site: str, path: str, **said: str) -> str:
    """A source as `apt-get update --print-uris` names it, and the head of its Release file."""
    file = f"{site}_{path.replace('/', '_')}_InRelease"
    head = "".join(f"{LISTS}/{file}:{key.title()}: {value}\n" for key, value in said.items())
    return f"'http://{site}/{path}/InRelease' {file} 0 \n{head}"


ROWS = listed(
    "deb",
    "debian/dists/bookworm",
    origin="Debian",
    label="Debian",
    suite="stable",
    codename="bookworm",
) + listed(
    "deb",
    "debian-security/dists/bookworm-security",
    origin="Debian",
    label="Debian-Security",
    suite="stable-security",
    codename="bookworm-security",
)
END = "# release debian bookworm\n"


def preferring(*stanzas: str, file: str = "/etc/apt/preferences.d/x") -> Apt:
    return apt_sources(answering(f"{ROWS}# file {file}\n" + "\n".join(stanzas) + END))


@pytest.mark.parametrize("text", ["", "E: malformed\n\n", ROWS])
def test_what_apt_does_not_tell_is_no_verdict(text: str) -> None:
    with pytest.raises(UndeterminedError, match="does not tell"):
        apt_sources(answering(text))


def test_sources_have_their_release_and_the_usual_priority() -> None:
    said = apt_sources(answering(f"{ROWS}{END}"))
    assert said.sources == (MAIN, SECURITY)
    assert (said.priority(SECURITY), said.priority(MAIN)) == (500, 500)
    assert said.priority(MAIN, target="bookworm") == 990


@pytest.mark.parametrize(
    "stanza",
    [
        "Package: *\n",
        "Package: *\nPin: release a=x\nPin-Priority: never\n",
        "Package: *\nPin: moon\nPin-Priority: 1\n",
        "Pin: release a=x\nPin-Priority: 1\n",
    ],
)
def test_a_record_that_is_not_understood_is_refused(stanza: str) -> None:
    with pytest.raises(UndeterminedError, match="not understood"):
        preferring(stanza)


@pytest.mark.parametrize(
    "pin",
    [
        "release l=Debian-Security",
        "release l=debian-security",
        "release n=*-security",
        "release o=Debian, a=stable-security",
        "release stable-security",
        "release a=/^stable-s/",
        "origin deb",
        'origin "deb"',
        "release *",
    ],
)
def test_a_pin_of_the_security_repository_in_every_spelling(pin: str) -> None:
    said = preferring(f"Explanation: x\nPackage:  *\nPin:  {pin}\nPin-Priority:\t-1\n")
    assert said.priority(SECURITY) == -1


@pytest.mark.parametrize("pin", ["release l=Debian", "origin elsewhere", "version 1.*"])
def test_a_pin_of_something_else_leaves_it_alone(pin: str) -> None:
    said = preferring(f"Package: *\nPin: {pin}\nPin-Priority: -1\n")
    assert said.priority(SECURITY) == 500


def test_the_first_record_counts_and_what_apt_does_not_read_does_not() -> None:
    low, high = (f"Package: *\nPin: origin deb\nPin-Priority: {n}\n" for n in (1, 900))
    assert preferring(high, low).priority(SECURITY) == 900
    assert preferring(low, file="/etc/apt/preferences.d/x.bak").priority(SECURITY) == 500


def test_a_single_package_may_be_pinned() -> None:
    (pin,) = preferring("Package: openssl libssl3\nPin: release *\nPin-Priority: -1\n").pins
    assert (pin.packages, pin.is_general, pin.matches(SECURITY)) == (
        ("openssl", "libssl3"),
        False,
        True,
    )


@pytest.mark.parametrize(
    ("pattern", "repository", "taken"),
    [
        (
            "origin=Debian,codename=${distro_codename}-security,label=Debian-Security",
            SECURITY,
            True,
        ),
        ("origin=Debian,label=Debian-Security", MAIN, False),
        ("o=Debian, n=bookworm-security", SECURITY, True),
        ("site=nowhere", SECURITY, False),
        ("origin=Debian,never=heard", SECURITY, False),
        ("${distro_id}:stable-security", SECURITY, True),
        ("Ubuntu:jammy-security", UBUNTU, True),
        ("Debian:*", UBUNTU, False),
    ],
)
def test_what_a_pattern_takes(pattern: str, repository: Repository, taken: bool) -> None:
    assert is_installed_from(pattern, repository, APT) is taken


PARTS = st.sampled_from(
    [
        ("origin", "o", "Debian"),
        ("label", "l", "Debian-Security"),
        ("codename", "n", "bookworm*"),
        ("archive", "a", "stable-security"),
        ("suite", "a", "*"),
    ]
)


@given(st.lists(PARTS, min_size=1, max_size=4), st.booleans(), st.sampled_from([",", ", "]))
def test_the_same_pattern_in_every_spelling(
    parts: list[tuple[str, str, str]], short: bool, comma: str
) -> None:
    pattern = comma.join(f"{brief if short else long}={value}" for long, brief, value in parts)
    assert is_installed_from(pattern, SECURITY, APT)
    assert not is_installed_from(f"{pattern}{comma}label=Other", SECURITY, APT)
