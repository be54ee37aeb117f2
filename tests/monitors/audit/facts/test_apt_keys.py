"""By whose keys apt believes a source, in every spelling of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import Host, UndeterminedError, answering_host, recording
from monitors.audit.facts.apt_keys import apt_keys
from monitors.collection.bundle import Answer

KEY, URI = "/etc/apt/keyrings/x.gpg", "http://deb/debian"
KNOWN = "/usr/share/keyrings/debian-archive-keyring.gpg"
spaces = st.text(" \t", min_size=1, max_size=3)
maybe = st.text(" \t", max_size=2)
others = st.sampled_from(["", "arch=amd64 ", "trusted=no lang=en "])
fields = st.sampled_from(["Signed-By", "signed-by", "SIGNED-BY"])


def answering(lists: str, keys: str = "") -> Host:
    text = f"{lists}# keys\npackaged {KNOWN}\n{keys}asked\n"
    host, _ = answering_host("any", recording(Answer(0, text)))
    return host


@pytest.mark.parametrize("said", ["", "# keys\n", f"# keys\npackaged {KNOWN}\n"])
def test_half_an_answer_is_no_verdict(said: str) -> None:
    host, _ = answering_host("any", recording(Answer(0, said)))
    with pytest.raises(UndeterminedError, match="does not tell its keys"):
        apt_keys(host)


@given(spaces, maybe, others, st.sampled_from(["deb", "deb-src"]), st.sampled_from(["", "/"]))
def test_a_line_names_its_key_in_every_spelling(
    gap: str, inner: str, more: str, kind: str, slash: str
) -> None:
    options = f"[{inner}{more}signed-by={KEY}{inner}]"
    line = f"{inner}{kind}{gap}{options}{gap}{URI}{slash}{gap}bookworm main"
    keys = apt_keys(answering(f"# source /etc/apt/sources.list\n{line}\n"))
    assert keys.named == ((URI, KEY),)
    assert not keys.is_known(KEY)


@given(fields, spaces, st.booleans())
def test_a_stanza_names_its_keys_in_every_spelling(field: str, gap: str, folded: bool) -> None:
    joint = f"\n{gap}" if folded else gap
    text = f"Types: deb\nURIs: {URI}/ http://other/x\n{field}:{joint}{KNOWN}{joint}{KEY}\n"
    keys = apt_keys(answering(f"# source /etc/apt/sources.list.d/x.sources\n{text}"))
    assert set(keys.named) == {(u, k) for u in (URI, "http://other/x") for k in (KNOWN, KEY)}


@pytest.mark.parametrize(
    ("key", "is_known"),
    [
        (KNOWN, True),
        ("/usr/share//keyrings/debian-archive-keyring.gpg", True),
        ("A4285295FC7B1A81600062A9605C66F00D6C9793!", True),
        ("/usr/share/keyrings/../../../etc/x.gpg", False),
        ("/usr/share/keyrings/debian-archive-keyring.gpg.old", False),
        ("a key within the source", False),
    ],
)
def test_only_a_packaged_file_is_known(key: str, is_known: bool) -> None:
    assert apt_keys(answering("")).is_known(key) is is_known


def test_a_packaged_file_that_was_altered_is_not_known() -> None:
    assert not apt_keys(answering("", f"altered {KNOWN}\n")).is_known(KNOWN)
