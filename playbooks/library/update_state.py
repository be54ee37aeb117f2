#!/usr/bin/python
"""An Ansible module that reads what matters before and after a host is updated; changes nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: update_state
short_description: Read what matters before and after a host is updated
description:
  - What dpkg has not finished, which packages are held, which units have failed, which ports are
    open, and why a restart is due, as the distribution and needrestart (where it is installed) say.
options:
  ports:
    description: The ports that the host is to serve, each with C(port) and C(protocol).
    type: list
    elements: dict
    default: []
"""

RETURN = r"""
unfinished:
  description: What dpkg(1) reports as half installed.
  type: list
  elements: str
held:
  description: Packages that stay as they are (apt-mark(8)).
  type: list
  elements: str
failed_units:
  description: Units that have failed.
  type: list
  elements: str
open_ports:
  description: Which of the ports somebody listens on, such as C(tcp/22).
  type: list
  elements: str
restart:
  description: Why a restart of the host is due; nothing when none is.
  type: list
  elements: str
needrestart:
  description: Whether needrestart is installed.
  type: bool
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

RESTART = "/run/reboot-required"
# needrestart's word for a kernel that is current, or that it cannot tell (a container).
SAME_KERNEL = frozenset({"", "0", "1"})
LIST_UNITS = ("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full")


def lines(module: AnsibleModule, *command: str) -> list[str]:
    """Return what a command prints; nothing where it is not there or fails."""
    status, out, _ = module.run_command(list(command), handle_exceptions=True)
    return [line for line in out.splitlines() if line.strip()] if status == 0 else []


def unfinished(module: AnsibleModule) -> list[str]:
    """Return the packages that `dpkg --audit` names; each has a line that begins with a blank."""
    return [line.split()[0] for line in lines(module, "dpkg", "--audit") if line.startswith(" ")]


def listening(module: AnsibleModule) -> frozenset[str]:
    """Return the open ports of ss(8), such as `tcp/22`."""
    rows = [line.split() for line in lines(module, "ss", "-H", "-l", "-n", "-t", "-u")]
    return frozenset(f"{row[0]}/{row[4].rpartition(':')[2]}" for row in rows if len(row) > 4)


def restart_reasons(flag: Path, needrestart: list[str]) -> Iterator[str]:
    """Yield why a restart is due: the distribution's own flag, then `needrestart -b`."""
    if flag.exists():
        try:
            packages = flag.with_name(f"{flag.name}.pkgs").read_text(encoding="utf-8").split()
        except OSError:
            packages = []
        yield " ".join(["updated:", *dict.fromkeys(packages)]) if packages else "updated packages"
    values = [line.partition(":") for line in needrestart]
    for key, _, value in values:
        if key == "NEEDRESTART-KSTA" and value.strip() not in SAME_KERNEL:
            yield "a newer kernel is installed"
        elif key == "NEEDRESTART-SVC":
            yield f"{value.strip()} uses what was replaced"


def main() -> None:
    """Read it."""
    ports = {"type": "list", "elements": "dict", "default": []}
    module = AnsibleModule(
        argument_spec={"ports": ports, "flag": {"type": "path", "default": RESTART}},
        supports_check_mode=True,
    )
    declared = {f"{port['protocol']}/{port['port']}" for port in module.params["ports"]}
    has_needrestart = bool(module.get_bin_path("needrestart"))
    said = lines(module, "needrestart", "-b") if has_needrestart else []
    result: dict[str, Any] = {
        "unfinished": unfinished(module),
        "held": lines(module, "apt-mark", "showhold"),
        "failed_units": [line.split()[0] for line in lines(module, *LIST_UNITS)],
        "open_ports": sorted(declared & listening(module)),
        "restart": list(restart_reasons(Path(module.params["flag"]), said)),
        "needrestart": has_needrestart,
    }
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
