#!/usr/bin/python
"""An Ansible module that makes an account or a group for a program, and records it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: system_account
short_description: Make the account or the group of a program
description:
  - The part of M(ansible.builtin.user) and M(ansible.builtin.group) that the roles need. What was
    there is kept in the run's record before it is changed. It has no home made and no password.
options:
  name:
    type: str
    required: true
  group:
    description: The account's group, which is there; without one it gets its own.
    type: str
  shell:
    type: str
    default: /usr/sbin/nologin
  home:
    type: path
    default: /nonexistent
  comment:
    type: str
    default: ""
  kind:
    description: Whether to make an account or a group only.
    choices: [account, group]
    default: account
"""

EXAMPLES = r"""
- name: Create the account that the exporter runs as
  system_account: {name: bastide, home: /var/lib/bastide-monitor}
"""

import grp
import json
import pwd
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "group": {"type": "str"},
    "shell": {"type": "str", "default": "/usr/sbin/nologin"},
    "home": {"type": "path", "default": "/nonexistent"},
    "comment": {"type": "str", "default": ""},
    "kind": {"choices": ["account", "group"], "default": "account"},
    **record.ARGUMENTS,
}

# A password that nothing matches; not locked, which sshd would refuse without PAM.
USERADD = ("useradd", "--system", "--no-create-home", "--password", "*")


def is_there(kind: str, name: str) -> bool:
    """Whether an account or group is there."""
    try:
        grp.getgrnam(name) if kind == "group" else pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def options(wanted: dict[str, Any], *, new: bool) -> list[str]:
    """Return useradd's or usermod's options for what is not as wanted; none when all is."""
    is_now = None if new else pwd.getpwnam(wanted["name"])
    group = wanted["group"]
    values = (
        ("--shell", wanted["shell"], is_now and is_now.pw_shell),
        ("--home-dir" if new else "--home", wanted["home"], is_now and is_now.pw_dir),
        ("--comment", wanted["comment"], is_now and is_now.pw_gecos),
        ("--gid", group, is_now and group and grp.getgrgid(is_now.pw_gid).gr_name),
    )
    return [word for name, value, now in values if value and value != now for word in (name, value)]


def command(wanted: dict[str, Any]) -> list[str]:
    """Return the command that makes an account or group as wanted; none when it is."""
    name, new = wanted["name"], not is_there(wanted["kind"], wanted["name"])
    if wanted["kind"] == "group":
        return ["groupadd", "--system", name] if new else []
    if new:
        return [*USERADD, *options(wanted, new=True), name]
    changed = options(wanted, new=False)
    return ["usermod", *changed, name] if changed else []


def keep(run: record.Record, wanted: dict[str, Any]) -> None:
    """Keep whether the account and its own group are there."""
    kind, name = wanted["kind"], wanted["name"]
    run.others(kind, {name: ""})
    if kind == "account" and not wanted["group"] and not is_there("group", name):
        run.others("group", {name: ""})


def described(made: list[str]) -> str:
    """Return what a command would do, for whoever reads what check mode says."""
    if not made:
        return ""
    word = "user" if made[0].startswith("user") else "group"
    done = "changed" if made[0].endswith("mod") else "created"
    return json.dumps({"account": made[-1], "change": f"{word} {done}"})


def main() -> None:
    """Make or change what is wanted."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    wanted = module.params
    made = command(wanted)
    if made and not module.check_mode:
        try:
            if run := record.of(wanted):
                keep(run, wanted)
        except record.RecordError as error:
            module.fail_json(msg=str(error))
        status, out, err = module.run_command(made)
        if status:
            module.fail_json(msg=f"{' '.join(made)}: {(err or out).strip()}")
    module.exit_json(changed=bool(made), stdout=described(made) if module.check_mode else "")


if __name__ == "__main__":
    main()
