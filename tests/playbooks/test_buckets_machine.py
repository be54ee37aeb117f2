"""A real target puts copies into a bucket as an account of its own, and keeps no secret after."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.lab.own_lab import OwnLab
from tests.oracles.bucket_policy import documented_policy
from tests.oracles.object_store import Keys, ObjectStore
from tests.oracles.programs import VERSITYGW
from tests.playbooks.test_second_copies_machine import FIRST, REPOSITORY, Targets, booted

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        not VERSITYGW.executable.exists(), reason="make oracles builds the S3 server"
    ),
]
WRITER, READER = Keys("writer", "secret-of-the-writer"), Keys("reader", "secret-of-the-reader")
CLIENT = {"name": "velgora-app", "municipality": "velgora", "plan": "permits"}
DROP_IN = "/etc/systemd/system/bastide-vault-push.service.d"


@pytest.fixture(scope="module")
def target(own_lab: OwnLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    with booted(own_lab, tmp_path_factory.mktemp("target"), {FIRST: 32}) as made:
        yield made


@pytest.fixture
def store(target: Targets, tmp_path: Path) -> Iterator[ObjectStore]:
    here = target.output(FIRST, "echo $SSH_CLIENT").split()[0]
    server = ObjectStore(tmp_path, here)
    try:
        for keys in (WRITER, READER):
            server.account(keys)
        server.bucket("copies", documented_policy("copies", WRITER.access, READER.access), 2)
        yield server
    finally:
        server.stop()


def variables(buckets: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    sent = {**CLIENT, "pulled_from": "", "pulled_from_address": ""}
    return {
        FIRST: {
            "bastide_backup_clients": [sent],
            "bastide_pulled_by": [],
            "bastide_buckets": buckets,
        }
    }


def bucket(store: ObjectStore, folder: Path) -> dict[str, Any]:
    (folder / "writer").write_text(WRITER.secret)
    return {
        "target": "offsite",
        "endpoint": store.endpoint,
        "bucket": "copies",
        "region": "us-east-1",
        "access_key": WRITER.access,
        "secret_key": f"file:{folder}/writer",
        "lock_days": 2,
        "copies": ["velgora-app/permits"],
    }


def send(target: Targets, content: bytes, command: str) -> None:
    ssh = ["ssh", "-F", str(target.folder / "ssh_config"), FIRST, command]
    subprocess.run(ssh, input=content, check=True)


def fill(target: Targets) -> None:
    """Give the target a repository, as a client would have made it, and this machine's rclone."""
    repository = target.folder / "repository"
    environment = {**os.environ, "RESTIC_PASSWORD": "correct horse"}
    for words in (["init"], ["backup", "/etc/hostname"]):
        given = ["restic", "--no-cache", "--repo", str(repository), *words]
        subprocess.run(given, env=environment, check=True, capture_output=True)
    tar = ["tar", "-C", str(repository), "-c", "."]
    packed = subprocess.run(tar, check=True, capture_output=True).stdout
    take = f"tar -C {REPOSITORY} -x --no-same-owner && chown -R bastide-backup: {REPOSITORY}"
    send(target, packed, f"{take}; chmod -R g+rX {REPOSITORY}")
    rclone = Path(shutil.which("rclone") or "").read_bytes()
    send(target, rclone, "cat >/usr/bin/rclone && chmod 755 /usr/bin/rclone")


def test_a_target_puts_a_copy_into_a_bucket_by_its_timers_service_and_keeps_no_secret_after(
    target: Targets, store: ObjectStore
) -> None:
    own = variables([bucket(store, target.folder)])
    assert WRITER.secret not in target.play(own)
    assert "changed=0" in target.play(own)
    fill(target)
    assert target.run(FIRST, "systemctl start bastide-vault-push").returncode != 0
    said = target.output(FIRST, "journalctl -u bastide-vault-push")
    assert "certificate verify failed" in said

    trusted = "[Service]\nEnvironment=SSL_CERT_FILE=/etc/bastide/push/store.crt\n"
    certificate = store.certificate.read_text()
    target.output(FIRST, f"mkdir {DROP_IN}; printf '{trusted}' >{DROP_IN}/trust.conf")
    target.output(FIRST, f"cat >/etc/bastide/push/store.crt <<'END'\n{certificate}END")
    target.output(FIRST, "mkdir -p /var/lib/prometheus/node-exporter; systemctl daemon-reload")
    done = target.run(FIRST, "systemctl start bastide-vault-push")
    said = target.output(FIRST, "journalctl -u bastide-vault-push")
    assert done.returncode == 0, said
    assert "velgora-app/permits into offsite: well" in said

    repository = f"s3:{store.endpoint}/copies/velgora-app/permits"
    words = ["restic", "--no-cache", "--no-lock", "--repo", repository, "--cacert"]
    checked = subprocess.run(
        [*words, str(store.certificate), "check", "--read-data"],
        env={**os.environ, **READER.environment, "RESTIC_PASSWORD": "correct horse"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "no errors were found" in checked.stdout, checked.stderr

    metrics = target.output(
        FIRST, "cat /var/lib/prometheus/node-exporter/bastide_bucket_copies.prom"
    )
    labels = 'client="velgora-app",plan="permits",bucket="offsite"'
    assert f"bastide_copy_last_run_success{{{labels}}} 1.0" in metrics
    state = json.loads(target.output(FIRST, "cat /var/lib/bastide-push/state.json"))
    assert state["velgora-app/permits"]["snapshots"] == 1
    secret = target.output(FIRST, "stat -c '%U %a' /etc/bastide/push/offsite.secret")
    assert secret == "bastide-push 400\n"
    assert target.run(FIRST, "runuser -u bastide-push -- touch " + REPOSITORY).returncode != 0
    everything = "journalctl -o cat; cat /etc/bastide/push/buckets.json /var/lib/bastide-push/*"
    assert WRITER.secret not in target.output(FIRST, everything)

    target.play(variables([]))
    assert "changed=0" in target.play(variables([]))
    assert target.run(FIRST, "systemctl is-active bastide-vault-push.timer").returncode != 0
    assert target.run(FIRST, "ls /etc/bastide/push").returncode != 0
