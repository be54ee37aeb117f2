"""What could cut somebody off, done to a real host by a controller that says nothing more.

Each time the host lets us in again within a minute, with every byte and every rule as before.
"""

import json
import subprocess
import time
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import yaml

from bastide.support.estate import EstateContext

pytestmark = [pytest.mark.lab, pytest.mark.root]

HOST = "velgora-files"
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "faults.yml").read_text())
PROGRAM = "python3 -IB /usr/local/libexec/bastide/commit_confirmed"
TIMER_SECONDS = 5
PATIENCE_SECONDS = 60
# All that a fault of ours may touch: files with access and times, rules, routes, listeners.
PICTURE = """
find /etc /root/.ssh /var/lib/pam -xdev ! -type d -printf '%p %m %U %G %T@ %l\\n' | sort
find /etc /root/.ssh /var/lib/pam -xdev -type f -exec sha256sum {} + | sort
nft --stateless list ruleset; ip -oneline route; ss -Hltn | awk '{print $4}' | sort
"""
LAST_OUTCOME = "cat $(ls -td /var/lib/bastide/changes/*-fault-*/ | head -1)/outcome.json"


def on_host(
    lab: EstateContext, command: str, given: str = ""
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            "ssh",
            "-F",
            lab.state / "ssh/config",
            "-oBatchMode=yes",
            "-oConnectTimeout=5",
            HOST,
            command,
        ],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def until_it_is_over(lab: EstateContext) -> None:
    """Wait until a new login gets through and nothing is pending any more."""
    end = time.monotonic() + PATIENCE_SECONDS
    while on_host(lab, "! test -L /var/lib/bastide/changes/pending").returncode != 0:
        assert time.monotonic() < end, f"{HOST} lets nobody in"
        time.sleep(1)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_host_is_as_it_was_within_a_minute(case: dict[str, Any], lab: EstateContext) -> None:
    before = on_host(lab, PICTURE).stdout
    plan = {"name": "fault", "seconds": TIMER_SECONDS, **case["plan"]}
    begin, end = (case.get(word, "true") for word in ("before", "after"))
    command = f"{begin}; {PROGRAM} apply; status=$?; {end}; exit $status"

    applied = on_host(lab, command, json.dumps(plan))

    if wanted := case.get("refused"):
        assert applied.returncode == 1
        assert wanted in applied.stderr
    else:
        assert applied.returncode == 0, applied.stderr
        until_it_is_over(lab)
        assert "nobody confirmed it in time" in on_host(lab, LAST_OUTCOME).stdout
    assert on_host(lab, PICTURE).stdout == before


def test_a_plan_may_be_applied_right_after_one_that_nobody_confirmed(lab: EstateContext) -> None:
    plan = {"name": "fault", "files": [{"path": "/etc/bastide/fault", "content": "x\n"}]}
    before = on_host(lab, PICTURE).stdout
    first = on_host(lab, f"{PROGRAM} apply", json.dumps({**plan, "seconds": 600}))
    second = on_host(lab, f"{PROGRAM} apply", json.dumps({**plan, "seconds": 600}))
    assert first.stdout != second.stdout
    assert on_host(lab, f"{PROGRAM} confirm {quote(first.stdout.strip())}").returncode == 1
    assert on_host(lab, f"{PROGRAM} revert").stdout == "everything is back as it was\n"
    assert on_host(lab, PICTURE).stdout == before
