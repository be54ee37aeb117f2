"""Lines of keys as sshd reads them, in every spelling that it takes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit.collect.backends import UndeterminedError
from monitors.audit.facts.authorized_keys import authorized_key

BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()
FORCED = 'restrict,command="rclone serve \\"x y\\" --stdio"'


@pytest.mark.parametrize(
    "line",
    [
        "not a key",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        f"ssh-rsa {BLOB}",
        f'command="never closed ssh-ed25519 {BLOB}',
        "ssh-ed25519 !!!!",
    ],
)
def test_a_line_that_is_no_key_is_refused_and_never_passed_over(line: str) -> None:
    with pytest.raises(UndeterminedError, match="not understood"):
        authorized_key(line)


@given(
    st.sampled_from(["", FORCED, "restrict", 'from="10.0.0.0/8",no-pty']),
    st.text(" \t", max_size=3),
    st.text(" \t", min_size=1, max_size=3),
    st.text(" \t", min_size=1, max_size=3),
    st.integers(0, len(BLOB)),
    st.sampled_from(["", "\v", "\f", "\r", "\v\v"]),
    st.sampled_from(["", " velgora-app-permits", "\ta b"]),
)
def test_the_same_key_in_every_spelling(
    options: str, lead: str, gap: str, between: str, cut: int, hidden: str, comment: str
) -> None:
    blob = BLOB[:cut] + hidden + BLOB[cut:]
    key = authorized_key(
        f"{lead}{options}{gap if options else ''}ssh-ed25519{between}{blob}{comment}"
    )
    assert (key.options, key.kind, key.blob) == (options, "ssh-ed25519", BLOB)
    assert key.comment == comment.strip()
