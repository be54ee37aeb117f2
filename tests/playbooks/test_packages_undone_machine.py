"""A real machine gets and loses packages in a run, and has its own again by the rollback."""

import pytest

from tests.playbooks.own_machine import OwnMachine, machine

__all__ = ["machine"]
pytestmark = pytest.mark.root

# A repository of the machine's own. `undo-app` needs `undo-lib`, makes an account and starts a
# service; `undo-old` is there before, with settings of somebody's, and `undo-also` needs it.
PREPARE = """
set -e
mkdir -p /srv/repository; cd /srv/repository
build() {
  name=$1; root=/tmp/build/$1; shift
  mkdir -p $root/DEBIAN $root/etc $root/usr/share/$name
  echo well > $root/usr/share/$name/word; echo packaged > $root/etc/$name.conf
  echo /etc/$name.conf > $root/DEBIAN/conffiles
  printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: a\\nDescription: a\\n' $name \
    > $root/DEBIAN/control
  for line; do echo "$line" >> $root/DEBIAN/control; done
}
build undo-lib
build undo-app 'Depends: undo-lib'
build undo-old
build undo-also 'Depends: undo-old'
build undo-user 'Depends: undo-lib'
mkdir -p /tmp/build/undo-app/lib/systemd/system
printf '[Service]\\nUser=undo-app\\nExecStart=/bin/sleep infinity\\n[Install]\\n%s\\n' \
  WantedBy=multi-user.target > /tmp/build/undo-app/lib/systemd/system/undo-app.service
printf '#!/bin/sh\\nset -e\\nuseradd --system undo-app\\nsystemctl enable --now undo-app\\n' \
  > /tmp/build/undo-app/DEBIAN/postinst
printf '#!/bin/sh\\nsystemctl disable --now undo-app\\n' > /tmp/build/undo-app/DEBIAN/prerm
chmod 755 /tmp/build/undo-app/DEBIAN/p*
for root in /tmp/build/*; do
  deb=$(basename $root).deb
  dpkg-deb --build $root $deb > /dev/null
  dpkg-deb --field $deb
  printf 'Filename: ./%s\\nSize: %s\\n' $deb $(stat -c %s $deb)
  printf 'SHA256: %s\\n\\n' $(sha256sum < $deb | cut -d' ' -f1)
done > Packages
rm -rf /etc/apt/sources.list.d/* /etc/apt/sources.list
echo 'deb [trusted=yes] file:/srv/repository ./' > /etc/apt/sources.list
apt-get update -qq; apt-get install -y -qq undo-also > /dev/null
apt-mark auto undo-old > /dev/null
echo 'changed by hand' > /etc/undo-old.conf; chmod 640 /etc/undo-old.conf
"""
THERE = {
    "packages": "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'",
    "automatic": "apt-mark showauto; apt-mark showhold",
    "files": "find /etc /usr/share/undo-* /lib/systemd -type f ! -name '*-' ! -name '*.cache' "
    "-printf '%p %m %u %g ' -exec sha256sum {} \\; | sort",
    "accounts": "getent passwd; getent group",
    "units": "systemctl list-unit-files --no-legend --no-pager | sort",
}
PLAY = """
- hosts: managed
  gather_facts: false
  tasks:
    - debian_packages: {present: [undo-app], absent: [undo-old]}
"""


@pytest.fixture(scope="module")
def prepared(machine: OwnMachine) -> OwnMachine:
    machine.output(PREPARE)
    return machine


def there(machine: OwnMachine) -> dict[str, list[str]]:
    return {what: machine.output(command).splitlines() for what, command in THERE.items()}


def installed(machine: OwnMachine) -> set[str]:
    rows = (line.split() for line in machine.output(THERE["packages"]).splitlines())
    return {name for status, name, *_ in rows if status == "ii" and name.startswith("undo-")}


def changed(machine: OwnMachine) -> str:
    """Install and remove in a run; return its id."""
    play = machine.folder / "packages.yml"
    play.write_text(PLAY)
    run, said, status = machine.play(str(play))
    assert status == 0, said
    assert installed(machine) == {"undo-app", "undo-lib"}
    assert machine.output("systemctl is-active undo-app").strip() == "active"
    return run


def rolled_back(machine: OwnMachine, run: str) -> str:
    _, said, status = machine.play("rollback.yml", "-v", "-e", f"rollback_run={run}")
    assert status == 0, said
    return said


def test_what_a_run_installed_goes_and_what_it_removed_is_as_it_was(prepared: OwnMachine) -> None:
    before = there(prepared)
    rolled_back(prepared, changed(prepared))
    assert there(prepared) == before


def test_what_others_need_by_now_stays_and_is_said(prepared: OwnMachine) -> None:
    run = changed(prepared)
    prepared.output("apt-get install -y -qq undo-user")
    said = rolled_back(prepared, run)
    assert installed(prepared) == {"undo-also", "undo-lib", "undo-old", "undo-user"}
    assert "package undo-lib: needed by undo-user" in said
