#!/usr/bin/python
"""An Ansible module that runs a program which changes things, and keeps what they were."""

from __future__ import annotations

DOCUMENTATION = r"""
module: recorded_command
short_description: Run a program, and keep in the run's record what it changes
description:
  - M(ansible.builtin.command) for programs that change what is not theirs. What they may change is
    named, kept before they start, and forgotten again where they left it as it was.
options:
  argv:
    description: The program with its arguments; no shell is involved.
    type: list
    elements: str
    required: true
  stdin:
    type: str
  files:
    description: Paths or patterns of files, links and folders that are kept whole.
    type: list
    elements: str
    default: []
  access:
    description:
      - Paths or patterns of what only changes its mode. C(~) is root's home and that of everybody.
    type: list
    elements: str
    default: []
  units:
    type: list
    elements: str
    default: []
  accounts:
    description: Accounts whose home or shell changes.
    type: list
    elements: str
    default: []
  mounts:
    description: Folders that are mounted, or with which options.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Restrict timed jobs to root
  recorded_command:
    argv: [/usr/local/libexec/bastide/close-host]
    access: [/etc/crontab, /etc/cron.*]
"""

RETURN = r"""
stdout:
  description: What the program printed.
  type: str
  returned: always
"""

from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record, states

NAMES = {
    "files": "file",
    "access": "access",
    "units": "unit",
    "accounts": "account",
    "mounts": "mount",
}
ARGUMENTS = {
    "argv": {"type": "list", "elements": "str", "required": True},
    "stdin": {"type": "str", "no_log": False},
    **{name: {"type": "list", "elements": "str", "default": []} for name in NAMES},
    **record.ARGUMENTS,
}


def keep(run: record.Record, wanted: dict[str, Any]) -> list[record.Key]:
    """Keep what the program may change, and return it by kind and name."""
    keys = []
    for parameter, kind in NAMES.items():
        names = wanted[parameter]
        if kind in ("file", "access"):
            names = states.expanded(names)
        if kind == "file":
            keys += run.files(dict.fromkeys(names, ""))
        elif names:
            keys += run.others(kind, dict.fromkeys(names, ""))
    return keys


def ended(run: record.Record, keys: list[record.Key]) -> str:
    """Write down what has changed; return why it could not be."""
    try:
        run.ended(keys)
    except record.RecordError as error:
        return str(error)
    return ""


def main() -> None:
    """Run the program between the keeping and the forgetting."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = module.params
    if module.check_mode:
        message = "the program would have run if not in check mode"
        module.exit_json(skipped=True, msg=message, changed=False, stdout="", stdout_lines=[])
    try:
        run = record.of(wanted)
        # Not waiting for the disk: it is kept anew in every run, and rarely needed.
        run = run and replace(run, durable=False)
        keys = keep(run, wanted) if run else []
    except (record.RecordError, OSError) as error:
        module.fail_json(msg=str(error))
    status, out, err = module.run_command(wanted["argv"], data=wanted["stdin"])
    unrecorded = ended(run, keys) if run else ""
    lines = {"stdout": out.rstrip("\r\n"), "stderr": err.rstrip("\r\n"), "rc": status}
    lines |= {"stdout_lines": out.splitlines(), "stderr_lines": err.splitlines()}
    if status or unrecorded:
        module.fail_json(
            msg=unrecorded or "non-zero return code", cmd=wanted["argv"], changed=bool(out), **lines
        )
    module.exit_json(changed=True, cmd=wanted["argv"], **lines)


if __name__ == "__main__":
    main()
