"""drift.yml brings the newest look to where the exporter reads it, as no change of the host."""

import json
import os
import pwd
from pathlib import Path

from inventory.provisioned_drift import ProvisionedDrift, keep_drift, kept_drift
from tests.playbooks.ansible import ansible_playbook

LOOK = ProvisionedDrift(estate="lab", at=5.0, looked_at=3)


def test_the_look_arrives_whole_and_for_the_exporter_alone(tmp_path: Path, own_state: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    keep_drift(here, LOOK)
    there.mkdir()
    given = {
        "ansible_connection": "local",
        "bastide_state": str(here),
        "bastide_operations_state": str(there),
        "drift_account": pwd.getpwuid(os.geteuid()).pw_name,
    }

    done = ansible_playbook("drift.yml", "-e", json.dumps(given))

    assert done.returncode == 0, done.stdout
    assert "changed=0" in done.stdout
    assert kept_drift(there) == LOOK
    assert (there / "infra").stat().st_mode & 0o077 == 0
