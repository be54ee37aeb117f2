"""Logs of the lab's real hosts: they arrive at operations, and only from hosts of the estate."""

import subprocess
import time
import uuid

import pytest

from bastide.support.estate import EstateContext

pytestmark = [pytest.mark.lab, pytest.mark.root]

RECEIVER = "ops.central.lab.test:19532"
ASK = f"openssl s_client -connect {RECEIVER} -CAfile /etc/bastide/authority.crt -ign_eof"
STRANGER = (
    "d=$(mktemp -d) && cd $d && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
    "-nodes -subj /CN=app.velgora.lab.test -keyout key -out crt 2>/dev/null && "
    f"{ASK} -cert crt -key key </dev/null 2>&1; rm -r $d"
)
PATIENCE_SECONDS = 60


def on(lab: EstateContext, host: str, command: str) -> str:
    """Run a command on a host and return what it prints."""
    return subprocess.run(
        ["ssh", "-F", lab.state / "ssh/config", "-oBatchMode=yes", host, command],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout


def test_a_sender_without_a_certificate_is_refused(lab: EstateContext) -> None:
    assert "alert certificate required" in on(lab, "central-vault", f"{ASK} </dev/null 2>&1")


def test_a_certificate_of_another_authority_is_refused_whatever_name_it_has(
    lab: EstateContext,
) -> None:
    said = on(lab, "central-vault", STRANGER)
    assert "alert unknown ca" in said or "alert bad certificate" in said, said


def test_the_receiver_behind_the_certificates_is_not_reached_from_outside(
    lab: EstateContext,
) -> None:
    command = "timeout 3 bash -c '</dev/tcp/ops.central.lab.test/19533' && echo open"
    assert "open" not in on(lab, "central-vault", command)


def test_a_line_of_a_village_is_at_operations_within_a_minute(lab: EstateContext) -> None:
    word = uuid.uuid4().hex
    on(lab, "aynzuhur-server", f"logger {word}")
    kept = "journalctl -q -D /var/log/journal/remote --since=-5min _HOSTNAME=aynzuhur-server"
    look = f"{kept} | grep -c {word}"
    end = time.monotonic() + PATIENCE_SECONDS
    while on(lab, "central-ops", look).strip() in ("", "0"):
        assert time.monotonic() < end, "the line has not arrived"
        time.sleep(1)


def test_whose_line_it_is_says_the_certificate_and_not_the_line(lab: EstateContext) -> None:
    """A village's root can call its lines central's; where they came from stays with them."""
    word = uuid.uuid4().hex
    claim = f"printf 'MESSAGE={word}\\nBASTIDE_SENDER=ops.central.lab.test\\n' | logger --journald"
    on(lab, "aynzuhur-server", claim)
    kept = "journalctl -q -D /var/log/journal/remote --since=-5min -o cat"
    end = time.monotonic() + PATIENCE_SECONDS
    while word not in on(
        lab, "central-ops", f"{kept} BASTIDE_SENDER=server.aynzuhur.lab.test MESSAGE={word}"
    ):
        assert time.monotonic() < end, "the line has not arrived"
        time.sleep(1)
    of_central = f"{kept} BASTIDE_SENDER=ops.central.lab.test MESSAGE={word}"
    assert on(lab, "central-ops", of_central).strip() == ""
