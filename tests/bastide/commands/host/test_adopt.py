"""What `bastide host adopt` refuses before it sends anything."""

import pytest

from tests.command import bastide_here


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("SHA256:short", "neither a key nor a whole fingerprint"),
        ("ssh-ed25519", "neither a key nor a whole fingerprint"),
        ("ssh-ed25519 not-base64", "--host-key: "),
    ],
)
def test_a_host_key_that_is_none_is_refused(key: str, message: str) -> None:
    done = bastide_here(
        *("host", "adopt", "10.77.1.99", "--municipality", "velgora", "--host-key", key),
        BASTIDE_ESTATE="lab",
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "expected: SHA256:" in done.stderr
