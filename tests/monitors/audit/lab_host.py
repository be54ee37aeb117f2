"""One host of the running lab: as its administrator, and as the auditor's key sees it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from bastide.support.estate import EstateContext
from inventory.outputs import load_outputs
from monitors.audit.collect.exchange import AUDIT_USER

HOST = "velgora-app"


@dataclass(frozen=True)
class LabHost:
    """SSH configurations under the estate's keys; `as_root` keeps one connection open."""

    lab: EstateContext
    address: str
    as_root: Path
    as_auditor: Path

    def root(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as root, whatever its exit status."""
        return subprocess.run(
            ["ssh", "-F", self.as_root, HOST, command], capture_output=True, text=True, check=False
        )

    def auditor(self, *words: str, send: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run OpenSSH's client with the audit key."""
        options = ["-o", "ExitOnForwardFailure=yes"]
        return subprocess.run(
            ["ssh", "-F", self.as_auditor, *options, *words],
            input=send,
            capture_output=True,
            check=False,
        )

    @contextmanager
    def transport(self) -> Iterator[paramiko.Transport]:
        """Yield an SSH connection of the audit key, to ask for what no client asks for."""
        client = paramiko.SSHClient()
        client.load_host_keys(str(self.lab.state / "ssh/known_hosts"))
        key = paramiko.PKey.from_path(self.lab.state / "ssh/audit")
        client.connect(
            self.address, username=AUDIT_USER, pkey=key, allow_agent=False, look_for_keys=False
        )
        with client:
            transport = client.get_transport()
            assert transport is not None
            yield transport


@contextmanager
def lab_host(lab: EstateContext) -> Iterator[LabHost]:
    """Yield the host; its kept connection is closed at the end."""
    address = load_outputs(lab.state).hosts[HOST].address
    # A socket's path may have 104 characters, which pytest's own folders use up.
    with tempfile.TemporaryDirectory(prefix="bastide-") as name:
        folder = Path(name)
        host = LabHost(
            lab,
            address,
            _config(lab, folder, address, "root", "admin"),
            _config(lab, folder, address, AUDIT_USER, "audit"),
        )
        with host.as_root.open("a") as file:
            file.write(f"  ControlMaster auto\n  ControlPath {folder}/%C\n  ControlPersist 120\n")
        yield host
        subprocess.run(
            ["ssh", "-F", host.as_root, "-O", "exit", HOST], capture_output=True, check=False
        )


def _config(lab: EstateContext, folder: Path, address: str, user: str, key: str) -> Path:
    file = folder / user
    file.write_text(
        f"Host {HOST}\n  HostName {address}\n  User {user}\n"
        f"  IdentityFile {lab.state}/ssh/{key}\n  IdentitiesOnly yes\n  BatchMode yes\n"
        f"  UserKnownHostsFile {lab.state}/ssh/known_hosts\n  StrictHostKeyChecking yes\n"
    )
    return file
