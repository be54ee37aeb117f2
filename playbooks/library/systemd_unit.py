#!/usr/bin/python
"""An Ansible module that starts, stops, restarts, reloads, enables and disables a systemd unit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_unit
short_description: Bring a systemd unit to a state, and keep what it was
description:
  - The part of M(ansible.builtin.systemd_service) that the roles need. What the unit was is kept in
    the run's record before it is touched, so that the run can be undone.
options:
  name:
    description: The unit, with its suffix.
    type: str
  state:
    type: str
    choices: [started, stopped, restarted, reloaded]
  enabled:
    type: bool
  daemon_reload:
    description: Whether systemd reads all unit files anew first.
    type: bool
    default: false
  daemon_reexec:
    description: Whether systemd starts itself anew first.
    type: bool
    default: false
  no_block:
    description: Whether not to wait until it is done.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Start and enable chrony
  systemd_unit:
    name: chrony.service
    state: started
    enabled: true
"""

RETURN = r"""
status:
  description: The unit's properties before it was touched, by systemctl's names.
  type: dict
  returned: when a unit is named
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record

ARGUMENTS = {
    "name": {"type": "str"},
    "state": {"choices": ["started", "stopped", "restarted", "reloaded"]},
    "enabled": {"type": "bool"},
    "daemon_reload": {"type": "bool", "default": False},
    "daemon_reexec": {"type": "bool", "default": False},
    "no_block": {"type": "bool", "default": False},
    **record.ARGUMENTS,
}
PROPERTIES = ("LoadState", "ActiveState", "SubState", "UnitFileState")
RUNS = frozenset({"active", "activating", "reloading"})
# As `systemctl is-enabled` ends with something else than 0 (systemctl(1)).
NOT_ENABLED = frozenset({"", "disabled", "masked", "masked-runtime", "linked", "linked-runtime"})
VERBS = {"started": "start", "stopped": "stop", "restarted": "restart", "reloaded": "reload"}


def systemctl(module: AnsibleModule, *arguments: str) -> str:
    """Run systemctl and return what it prints; the module fails with what it said."""
    status, out, err = module.run_command(["systemctl", *arguments])
    if status:
        module.fail_json(msg=f"systemctl {' '.join(arguments)}: {(err or out).strip()}")
    return str(out)


def read(module: AnsibleModule, name: str) -> dict[str, str]:
    """Return a unit's properties; the module fails when there is no such unit."""
    shown = systemctl(module, "show", f"--property={','.join(PROPERTIES)}", "--", name)
    status = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    if status.get("LoadState") == "not-found":
        module.fail_json(msg=f"Could not find the requested service {name}: host")
    return status


def verbs(wanted: dict[str, Any], status: dict[str, str]) -> list[str]:
    """Return what systemctl has to do: enable or disable first, then start, stop or the like."""
    steps = []
    is_enabled = status.get("UnitFileState", "") not in NOT_ENABLED
    if wanted["enabled"] is not None and wanted["enabled"] != is_enabled:
        steps.append("enable" if wanted["enabled"] else "disable")
    runs = status.get("ActiveState") in RUNS
    state = wanted["state"]
    if state == "reloaded" and not runs:
        steps.append("start")
    elif state in ("restarted", "reloaded") or (state and runs != (state == "started")):
        steps.append(VERBS[state])
    return steps


def keep(run: record.Record, wanted: dict[str, Any], steps: list[str]) -> None:
    """Keep what a unit is before it is touched."""
    state = "inactive" if "stop" in steps else "active"
    how = wanted["state"] if wanted["state"] in ("restarted", "reloaded") else ""
    run.others("unit", {wanted["name"]: state}, **({"how": how} if how else {}))


def main() -> None:
    """Bring the unit to the state that is wanted."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted, acts = module.params, not module.check_mode
    for step in ("daemon_reexec", "daemon_reload"):
        if wanted[step] and acts:
            systemctl(module, step.replace("_", "-"))
    if not wanted["name"]:
        module.exit_json(changed=False)
    status = read(module, wanted["name"])
    steps = verbs(wanted, status)
    if steps and acts:
        try:
            if run := record.of(wanted):
                keep(run, wanted, steps)
        except record.RecordError as error:
            module.fail_json(msg=str(error))
        for step in steps:
            # Of what systemd is asked; enabling asks nothing of it that takes time.
            waits = (
                ["--no-block"] if wanted["no_block"] and step not in ("enable", "disable") else []
            )
            systemctl(module, *waits, step, "--", wanted["name"])
    answer = {key: wanted[key] for key in ("name", "state", "enabled")}
    module.exit_json(changed=bool(steps), status=status, **answer)


if __name__ == "__main__":
    main()
