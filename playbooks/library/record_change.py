#!/usr/bin/python
"""An Ansible module that takes a confirmed change into the record of the run that made it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: record_change
short_description: Take a confirmed change into the run's record
description:
  - What commit_confirmed has kept before it made a change is kept for the run as well, with the
    commands that have it read anew.
options:
  change:
    description: The change's id.
    type: str
    required: true
  changes:
    description: The folder of the changes.
    type: path
    default: /var/lib/bastide/changes
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import confirmed, record

ARGUMENTS = {
    "change": {"type": "str", "required": True},
    "changes": {"type": "path", "default": str(confirmed.CHANGES)},
    **record.ARGUMENTS,
}


def main() -> None:
    """Record the change."""
    module = AnsibleModule(argument_spec=ARGUMENTS)
    try:
        if run := record.of(module.params):
            confirmed.record(run, Path(module.params["changes"]) / module.params["change"])
    except (record.RecordError, OSError, ValueError, KeyError) as error:
        module.fail_json(msg=f"the change {module.params['change']} is not in the record: {error}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
