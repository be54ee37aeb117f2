"""On the lab: what programs of others say of hardened hosts (docs/hardening.md)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bastide.support.estate import EstateContext
from inventory.entries import hosts
from tests.lab_ssh import on

pytestmark = pytest.mark.lab

# The names of OpenSSH 9.2's one method that a quantum computer does not undo: without the others
# whoever has an older client is shut out.
BESIDE_POST_QUANTUM = "does not provide protection against post-quantum attacks"
INDEX = 85
# lynis takes its own tree from the folder that it is started in.
LYNIS = """
cd {folder} && umask 022 && mv usr/share/lynis/* usr/sbin/lynis etc/lynis/* .
./lynis audit system --quick --no-colors --no-log --report-file {folder}/report >{folder}/output
sed -n 's/^hardening_index=//p' {folder}/report
"""


def test_ssh_audit_warns_of_nothing_but_what_older_clients_need(lab: EstateContext) -> None:
    for entry in hosts(lab.estate):
        done = subprocess.run(
            [
                *(Path(sys.executable).with_name("ssh-audit"), "--level=warn", "--no-colors"),
                *("--skip-rate-test", str(entry.host.address)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        findings = re.findall(r"^.*\[(?:warn|fail)\].*$", done.stdout, re.MULTILINE)
        assert findings, done.stdout + done.stderr
        assert [line for line in findings if BESIDE_POST_QUANTUM not in line] == [], entry.name


@pytest.mark.long
@pytest.mark.parametrize("host", ["velgora-app", "velgora-files"])
def test_lynis_gives_a_host_its_points(
    lab: EstateContext, host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["apt-get", "--quiet", "download", "lynis"], cwd=tmp_path, check=True)
    (package,) = tmp_path.glob("lynis_*.deb")
    tree = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True
    ).stdout
    folder = on(lab, host, "mktemp --directory /run/lynis.XXXXXX").strip()
    try:
        subprocess.run(
            ["ssh", "-qF", lab.state / "ssh/config", host, f"tar -C {folder} -xf -"],
            input=tree,
            check=True,
        )
        index = int(on(lab, host, LYNIS.format(folder=folder), seconds=600))
    finally:
        on(lab, host, f"rm -r {folder}")
    with capsys.disabled():
        print(f"\nlynis, {host}: {index}", end="")  # noqa: T201
    assert index >= INDEX
