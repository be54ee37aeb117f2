"""A site's certificate comes from an ACME authority, is renewed, and its failure harms no site.

The authority is Let's Encrypt's own test server, Pebble, built from the Go module proxy.
"""

import subprocess
from pathlib import Path

import pytest

from tests.oracles.programs import PEBBLE
from tests.playbooks.own_machine import NAME, OwnMachine, machine

__all__ = ["machine"]
pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not PEBBLE.executable.exists(), reason="make oracles builds the authority"),
]
INSTALL_SECONDS = 250.0

SITE = "acme.gradac.test"
BESIDE = "papir.gradac.test"
CASES = Path(__file__).parent / "cases" / "acme"
# Prints who issued the certificate that the site shows, and its serial.
SHOWN = (
    f"openssl s_client -connect 127.0.0.1:443 -servername {SITE} < /dev/null 2> /dev/null"
    " | openssl x509 -noout -issuer -serial"
)
PAGE = f"curl -ksS --resolve {SITE}:443:127.0.0.1 https://{SITE}/"


@pytest.fixture(scope="module")
def prepared(machine: OwnMachine) -> OwnMachine:
    """A machine with the authority's program on it, which does not run yet."""
    machine.output((CASES / "prepare.sh").read_text(), INSTALL_SECONDS)
    there = f"{NAME}:/usr/local/bin/pebble"
    subprocess.run(["scp", "-qF", machine.config, PEBBLE.executable, there], check=True)
    return machine


def serve(machine: OwnMachine) -> tuple[str, int]:
    """Run the role's play on the machine."""
    play = machine.folder / "web.yml"
    play.write_text(
        "- hosts: managed\n  gather_facts: false\n  tasks:\n"
        "    - import_role: {name: commit_confirmed}\n    - import_role: {name: web}\n"
    )
    certificate, key = machine.folder / "web.crt", machine.folder / "web.key"
    certificate.touch()
    key.touch()
    _, said, status = machine.play(
        str(play),
        bastide_provider="existing",
        bastide_fqdn="victim.lab.test",
        bastide_tls={"certificate": str(certificate), "key": str(key)},
        web_sites=[{"names": [SITE], "certificate": "acme", "folder": "/var/www/ours"}],
        web_acme_directory="https://localhost:14000/dir",
    )
    return said, status


def test_an_authority_that_does_not_answer_harms_no_site(prepared: OwnMachine) -> None:
    said, status = serve(prepared)
    assert status != 0
    assert "localhost" in said
    assert prepared.output(f"curl -sS http://{BESIDE}/") == "before"
    assert prepared.output("nginx -t -q; systemctl is-active nginx") == "active\n"


def test_the_site_is_served_with_the_certificate_and_a_second_run_changes_nothing(
    prepared: OwnMachine,
) -> None:
    prepared.output((CASES / "authority.sh").read_text())
    said, status = serve(prepared)
    assert status == 0, said
    assert "Pebble" in prepared.output(SHOWN)
    assert prepared.output(PAGE) == "ours\n"
    assert prepared.output(f"curl -sS http://{BESIDE}/") == "before"
    said, status = serve(prepared)
    assert (status, "changed=0" in said) == (0, True), said


def test_a_renewed_certificate_is_served_at_once(prepared: OwnMachine) -> None:
    before = prepared.output(SHOWN)
    assert prepared.output("systemctl is-enabled certbot.timer") == "enabled\n"
    prepared.output("certbot renew --force-renewal --quiet --no-random-sleep-on-renew")
    after = prepared.output(SHOWN)
    assert "Pebble" in after
    assert after != before
