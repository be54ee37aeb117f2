#!/usr/bin/python
"""An Ansible module that puts back what a run changed on the host, from the host's own record."""

from __future__ import annotations

DOCUMENTATION = r"""
module: undo_run
short_description: Put back what a run changed on the host
description:
  - Reads what a run has kept in C(/var/lib/bastide/runs) and puts it back in reverse order. It is
    recorded in the same way, so that it can be undone as well.
  - Refused, with nothing changed, where a later run touched the same things or a file is no longer
    what the run left.
options:
  undo:
    description: The run to undo; C(original) for all runs that there ever were.
    type: str
    required: true
  run:
    description: The run that does it.
    type: str
    required: true
  force:
    description: Whether to put back what can be in spite of what speaks against it.
    type: bool
    default: false
  step:
    description:
      - C(confirm) only takes back, under a timer of the host, what could cut somebody off, and
        returns the RV(change) that is to be confirmed; C(rest) does all that is left then. C(all)
        does it at once, without a timer.
    choices: [all, confirm, rest]
    default: all
  forget:
    description:
      - Folders of ours that are removed with all in them; the one of the records last of all, when
        everything is back.
    type: list
    elements: path
    default: []
  records:
    description: The folder of the records.
    type: path
    default: /var/lib/bastide/runs
"""

EXAMPLES = r"""
- name: Put back what the run changed
  undo_run:
    undo: 20261127T161500Z-k3f9
"""

RETURN = r"""
things:
  description: What was put back, or would be in check mode, as kind and name.
  type: list
  elements: str
  returned: always
change:
  description: The id of the change that commit_confirmed has made; empty when there was none.
  type: str
  returned: always
refusals:
  description: Why nothing was done, or what O(force) disregarded.
  type: list
  elements: str
  returned: always
stays:
  description: What cannot be put back by anybody, with the reason.
  type: list
  elements: str
  returned: always
problems:
  description: What should have been put back and was not; it may be tried again.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.run_records import confirmed, plan, record, undo

ARGUMENTS = {
    "undo": {"type": "str", "required": True},
    "force": {"type": "bool", "default": False},
    "step": {"choices": ["all", "confirm", "rest"], "default": "all"},
    "forget": {"type": "list", "elements": "path", "default": []},
    **record.ARGUMENTS,
}


def undone(records: record.Records, arguments: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    """Put back what a run changed and return the result; `dry`: only say what would be."""
    target, own = arguments["undo"], record.of(arguments)
    if target != record.ORIGINAL and target not in records.runs():
        return result(plan.Plan())
    found = plan.of_all(records) if target == record.ORIGINAL else plan.of_run(records, target)
    if found.refusals and not arguments["force"]:
        return {**result(found), "failed": True, "msg": refused(target, found)}
    if dry:
        return result(found)
    if own is None:
        raise record.RecordError("expected a run that does it")
    if arguments["step"] == "confirm":
        return {**result(found), "change": confirm(found, own, target)}
    folders = [Path(folder) for folder in arguments["forget"]]
    last = [folder for folder in folders if records.root.is_relative_to(folder)]
    first = [folder for folder in folders if folder not in last]
    problems: list[str] = []
    if found.things:
        undo.keep(found, own, target)
        problems = undo.restore(found, first, is_confirmed=arguments["step"] == "rest")
        undo.end(own, target, problems)
        own.ended([thing.key for thing in found.things])
        own.listed()
    else:
        problems = undo.forget(first)
    if not problems:
        problems = undo.forget(last)
    return {**result(found), "problems": problems}


def confirm(found: plan.Plan, own: record.Record, target: str) -> str:
    """Take back what could cut somebody off, under a timer; return the change's id, if any."""
    if not any(thing.kind == confirmed.KIND for thing in found.things):
        return ""
    undo.keep(found, own, target)
    text = confirmed.way_back(found, own)
    return confirmed.apply(text) if text else ""


def result(found: plan.Plan) -> dict[str, Any]:
    """Return what a plan would put back, as the module returns it."""
    things = [f"{thing.kind} {thing.name}" for thing in found.things]
    return {
        "changed": bool(things),
        "things": things,
        "refusals": list(found.refusals),
        "stays": list(found.stays),
        "problems": [],
        "change": "",
    }


def refused(target: str, found: plan.Plan) -> str:
    """Return why nothing was done."""
    reasons = "\n".join(f"  {reason}" for reason in found.refusals)
    return f"{target} is not undone and nothing was changed:\n{reasons}"


def main() -> None:
    """Undo the run and say what was put back."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    records = record.Records(Path(module.params["records"]))
    try:
        answer = undone(records, module.params, dry=module.check_mode)
    except (record.RecordError, confirmed.RefusedError, OSError) as error:
        module.fail_json(msg=f"{module.params['undo']} is not undone: {error}")
    if answer.pop("failed", False):
        module.fail_json(**answer)
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
