"""Whoever guesses at SSH is shut out for a while; the estate's own networks never are."""

import subprocess
from collections.abc import Iterator

import pytest

from bastide.support.estate import EstateContext

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "velgora-files"
STRANGER = "192.0.2.1"  # RFC 5737: no network of the estate
TRIES = 5
GUESS = """
for try in $(seq {tries}); do
  ssh -b {source} -o BatchMode=yes -o ConnectTimeout=2 -o StrictHostKeyChecking=no \\
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "guess-$try@{address}" true
done
sleep 2; fail2ban-client get sshd banip
"""


@pytest.fixture
def stranger(lab: EstateContext) -> Iterator[None]:
    """An address on the host that is nobody's, and nobody shut out before and after."""
    on_host(lab, f"ip address add {STRANGER}/32 dev lo")
    yield
    on_host(lab, f"fail2ban-client unban --all; ip address del {STRANGER}/32 dev lo")


def on_host(lab: EstateContext, command: str) -> str:
    done = subprocess.run(
        ["ssh", "-F", lab.state / "ssh/config", "-oBatchMode=yes", HOST, command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.mark.usefixtures("stranger")
def test_a_stranger_who_guesses_is_shut_out(lab: EstateContext) -> None:
    address = on_host(lab, "hostname -I").split()[0]

    banned = on_host(lab, GUESS.format(tries=TRIES, source=STRANGER, address=address))

    assert banned.split() == [STRANGER]
    assert STRANGER in on_host(lab, "nft list table inet f2b-table")


@pytest.mark.usefixtures("stranger")
def test_a_host_of_the_estate_never_is(lab: EstateContext) -> None:
    address = on_host(lab, "hostname -I").split()[0]

    banned = on_host(lab, GUESS.format(tries=TRIES + 1, source=address, address=address))

    assert banned.split() == []
