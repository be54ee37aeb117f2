#!/usr/bin/python
"""An Ansible module that starts, stops, restarts, reloads, enables and disables systemd units."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_unit
short_description: Bring systemd units to a state, and keep what they were
description:
  - The part of M(ansible.builtin.systemd_service) that the roles need. What a unit was is kept in
    the run's record before it is touched, so that the run can be undone.
  - In check mode a unit may be missing, since an earlier task would have installed it.
options:
  name:
    description: The units, with their suffixes, in the order in which they are touched.
    type: list
    elements: str
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
results:
  description:
    - For each unit its name, whether it changed, and as C(status) its properties before it was
      touched, by systemctl's names. The same as a loop over the units returns.
  type: list
  elements: dict
  returned: when a unit is named
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record

ARGUMENTS = {
    "name": {"type": "list", "elements": "str", "default": []},
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
STARTS = frozenset({"started", "restarted", "reloaded"})
VERBS = {"started": "start", "stopped": "stop", "restarted": "restart", "reloaded": "reload"}


def systemctl(module: AnsibleModule, *arguments: str) -> str:
    """Run systemctl and return what it prints; the module fails with what it said."""
    status, out, err = module.run_command(["systemctl", *arguments])
    if status:
        module.fail_json(msg=f"systemctl {' '.join(arguments)}: {(err or out).strip()}")
    return str(out)


def read(module: AnsibleModule, names: list[str]) -> list[dict[str, str]]:
    """Return the units' properties, in order; of one that is not there LoadState alone counts."""
    shown = systemctl(module, "show", f"--property={','.join(PROPERTIES)}", "--", *names)
    blocks = shown.strip().split("\n\n")
    if len(blocks) != len(names):
        module.fail_json(msg=f"systemctl show: {len(blocks)} answers of {len(names)} units")
    return [dict(line.split("=", 1) for line in b.splitlines() if "=" in line) for b in blocks]


def verbs(wanted: dict[str, Any], status: dict[str, str]) -> list[str]:
    """Return what systemctl has to do: enable or disable first, then start, stop or the like."""
    steps: list[str] = []
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


def keep(run: record.Record, name: str, wanted: dict[str, Any], steps: list[str]) -> None:
    """Keep what a unit is before it is touched."""
    state = "inactive" if "stop" in steps else "active"
    how = wanted["state"] if wanted["state"] in ("restarted", "reloaded") else ""
    run.others("unit", {name: state}, **({"how": how} if how else {}))


def touch(module: AnsibleModule, name: str, steps: list[str]) -> None:
    """Do what is to be done with one unit, once what it is was kept; the module may fail."""
    wanted = module.params
    try:
        if run := record.of(wanted):
            keep(run, name, wanted, steps)
    except record.RecordError as error:
        module.fail_json(msg=str(error))
    for step in steps:
        # Of what systemd is asked; enabling asks nothing of it that takes time.
        waits = ["--no-block"] if wanted["no_block"] and step not in ("enable", "disable") else []
        systemctl(module, *waits, step, "--", name)


def bring(module: AnsibleModule, name: str, status: dict[str, str]) -> dict[str, Any]:
    """Bring one unit to the state that is wanted; return its result."""
    wanted = module.params
    answer = {"name": name, "state": wanted["state"], "enabled": wanted["enabled"]}
    if status.get("LoadState") == "not-found":
        if not module.check_mode:
            module.fail_json(msg=f"Could not find the requested service {name}: host")
        would = wanted["state"] in STARTS or bool(wanted["enabled"])
        return {**answer, "changed": would, "status": {}}
    steps = verbs(wanted, status)
    if steps and not module.check_mode:
        touch(module, name, steps)
    return {**answer, "changed": bool(steps), "status": status}


def main() -> None:
    """Bring the units to the state that is wanted."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    for step in ("daemon_reexec", "daemon_reload"):
        if module.params[step] and not module.check_mode:
            systemctl(module, step.replace("_", "-"))
    if not (names := module.params["name"]):
        module.exit_json(changed=False)
    statuses = read(module, names)
    results = [bring(module, name, status) for name, status in zip(names, statuses, strict=True)]
    module.exit_json(changed=any(one["changed"] for one in results), results=results)


if __name__ == "__main__":
    main()
