#!/usr/bin/python
"""An Ansible module that keeps which packages there are, before and after apt changes them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record_packages
short_description: Keep in the run's record what apt changes
description:
  - Run before apt, and once more after it. What apt installs, removes and upgrades beside what it
    was asked for is in the record then, with the accounts that packages made.
options:
  removed:
    description: Packages that are about to be removed; their files in /etc are kept.
    type: list
    elements: str
    default: []
  done:
    description: Whether apt has changed them.
    type: bool
    default: false
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import record, states, undo

ARGUMENTS = {
    "removed": {"type": "list", "elements": "str", "default": []},
    "done": {"type": "bool", "default": False},
    **record.ARGUMENTS,
}
SETTINGS = "/etc/"


def settings_of(packages: list[str]) -> list[str]:
    """Return what packages have in /etc: purging takes it along."""
    listed = states.output("dpkg-query", "--listfiles", "--", *packages).splitlines()
    paths = (path for path in listed if path.startswith(SETTINGS))
    return sorted({path for path in paths if Path(path).exists() or Path(path).is_symlink()})


def main() -> None:
    """Keep what there is, or write down what has changed."""
    module = AnsibleModule(argument_spec=ARGUMENTS)
    try:
        if run := record.of(module.params):
            if module.params["done"]:
                run.listed()
            else:
                run.listing()
                kept = settings_of(module.params["removed"]) if module.params["removed"] else []
                run.files(dict.fromkeys(kept, states.ABSENT), **{undo.OF_PACKAGE: "yes"})
    except record.RecordError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
