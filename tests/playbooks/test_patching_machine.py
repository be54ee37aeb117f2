"""A real machine is updated from a repository of its own: once, with what is held left as it is."""

import json

import pytest

from tests.playbooks.own_machine import OwnMachine, machine

__all__ = ["machine"]
pytestmark = pytest.mark.root

VERSIONS = "dpkg-query --show --showformat '${Package} ${Version}\\n' 'patched-*'"
# Two packages at version 1, installed, and at version 2 in a repository that is the only one; the
# second version of the first asks for a restart.
PREPARE = """
set -e
mkdir -p /srv/repository; cd /srv/repository
build() {
  rm -rf /tmp/build; mkdir -p /tmp/build/DEBIAN /tmp/build/usr/share/$1
  echo $2 > /tmp/build/usr/share/$1/version
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: a\\nDescription: a\\n' $1 $2 \
    > /tmp/build/DEBIAN/control
  if [ "$1$2" = patched-app2 ]; then
    printf '#!/bin/sh\\ntouch %s; echo patched-app > %s.pkgs\\n' \
      /run/reboot-required /run/reboot-required > /tmp/build/DEBIAN/postinst
    chmod 755 /tmp/build/DEBIAN/postinst
  fi
  dpkg-deb --build /tmp/build $1_$2.deb > /dev/null
}
for name in patched-app patched-held; do
  build $name 1; dpkg -i ${name}_1.deb > /dev/null; build $name 2
done
for deb in *_2.deb; do
  dpkg-deb --field $deb
  printf 'Filename: ./%s\\nSize: %s\\n' $deb $(stat -c %s $deb)
  printf 'SHA256: %s\\n\\n' $(sha256sum < $deb | cut -d' ' -f1)
done > Packages
rm -rf /etc/apt/sources.list.d/* /etc/apt/sources.list
echo 'deb [trusted=yes] file:/srv/repository ./' > /etc/apt/sources.list
apt-mark hold patched-held > /dev/null
"""

# A service on a port, and an update whose script stops it.
STOPS = """
set -e
cd /srv/repository; rm *.deb
systemd-run --quiet --unit=declared python3 -m http.server 8099; sleep 1
apt-mark unhold patched-held > /dev/null
sed -i 's/^Package: .*/Package: patched-held/; s/^Version: .*/Version: 3/' /tmp/build/DEBIAN/control
printf '#!/bin/sh\\nsystemctl stop declared\\n' > /tmp/build/DEBIAN/postinst
chmod 755 /tmp/build/DEBIAN/postinst
dpkg-deb --build /tmp/build held.deb > /dev/null
{
  dpkg-deb --field held.deb
  printf 'Filename: ./held.deb\\nSize: %s\\n' $(stat -c %s held.deb)
  printf 'SHA256: %s\\n' $(sha256sum < held.deb | cut -d' ' -f1)
} > Packages
"""


@pytest.fixture(scope="module")
def prepared(machine: OwnMachine) -> OwnMachine:
    machine.output(PREPARE)
    return machine


def patch(machine: OwnMachine, *arguments: str, **variables: object) -> tuple[str, str, int]:
    """Run the role's play on the machine: the waves are the estate's, and it is in none."""
    play = machine.folder / "patch.yml"
    play.write_text(
        "- hosts: managed\n  gather_facts: false\n  strategy: ansible.builtin.linear\n"
        "  tasks:\n    - import_role: {name: patching}\n"
        "    - debug: {msg: 'REPORT{{ patching_done | to_json }}END'}\n"
    )
    given = {
        "patching_asks_monitors": False,
        "bastide_listens": [{"port": 22, "protocol": "tcp"}],
        "bastide_maintenance": {},
        **variables,
    }
    run, said, status = machine.play(str(play), *arguments, **given)
    assert status == 0, said
    return run, said, status


def report(said: str) -> dict[str, object]:
    text = said.partition("REPORT")[2].partition("END")[0]
    values: dict[str, object] = json.loads(text)
    return values


def test_check_mode_says_what_an_update_then_does(prepared: OwnMachine) -> None:
    _, said, _ = patch(prepared, "--check")
    assert prepared.output(VERSIONS).split() == ["patched-app", "1", "patched-held", "1"]
    checked = report(said)

    run, said, _ = patch(prepared)

    done = report(said)
    assert prepared.output(VERSIONS).split() == ["patched-app", "2", "patched-held", "1"]
    assert done == {
        "packages": ["patched-app"],
        "held": ["patched-held"],
        "restart_due": ["updated: patched-app"],
        "restarted": False,
        "restart_waits": "no maintenance window is declared",
        "problem": "",
    }
    assert "patched-app" in prepared.output(f"cat /var/lib/bastide/runs/{run}/things.jsonl")
    assert checked["held"] == done["held"]

    again, said, _ = patch(prepared)
    assert report(said)["packages"] == []
    assert "changed=0" in said
    assert again not in prepared.output("ls /var/lib/bastide/runs")


def test_what_was_left_half_installed_ends_it_before_a_change(prepared: OwnMachine) -> None:
    broken = (
        "sed -i '/^Package: patched-app$/,/^$/s/^Status: .*/Status: install ok half-configured/'"
    )
    prepared.output(f"cp -a /var/lib/dpkg/status /root/status; {broken} /var/lib/dpkg/status")
    _, said, _ = patch(prepared)
    assert "dpkg has not finished: patched-app; nothing was changed" in str(report(said)["problem"])
    prepared.output("mv /root/status /var/lib/dpkg/status")


def test_a_port_that_is_closed_by_an_update_is_a_problem(prepared: OwnMachine) -> None:
    prepared.output(STOPS)
    declared = [{"port": 22, "protocol": "tcp"}, {"port": 8099, "protocol": "tcp"}]
    _, said, _ = patch(prepared, bastide_listens=declared)
    assert report(said)["problem"] == "Read what it is like now: no longer open: tcp/8099"
    assert report(said)["packages"] == ["patched-held"]
