"""Ansible's check mode on one host at a level that nobody has acknowledged: what would change."""

import re
from dataclasses import replace

from bastide.actions import ansible
from bastide.actions.changes import Changes
from bastide.actions.playbook_recap import Event
from bastide.actions.read_changes import read_changes
from bastide.support.estate import EstateContext
from bastide.support.progress import Progress
from infra import credentials
from inventory.entries import InventoryHost
from inventory.enums import Level
from inventory.own import Own
from inventory.preview import VARIABLE

PLAYBOOKS = ("configure", "harden")
# A task that says when check mode counts for it may do something now.
SETS_CHECK_MODE = re.compile(r"\bcheck_mode[\"']?\s*:")


def changes_at(
    context: EstateContext, entry: InventoryHost, level: Level, progress: Progress
) -> Changes:
    """Return what the level's playbooks would change on a host; nothing there changes.

    Keys and certificates that the estate lacks are made in its state: they would be installed.
    """
    credentials.ensure(context.estate, context.state)
    doubtful = doubts(context.estate.own)
    events: list[Event] = []

    def keep(event: Event) -> None:
        events.append(event)
        if event["event"] == "start":
            progress.now(event["task"])

    ansible.run(
        _without_own_playbooks(context) if doubtful else context,
        PLAYBOOKS,
        keep,
        log_name="impact",
        arguments=("--check", "--diff", "--limit", entry.name),
        # Mitogen keeps programs and folders of its own on the host.
        variables={
            VARIABLE: f"{entry.name}={level}",
            "ANSIBLE_STRATEGY": "ansible.builtin.linear",
        },
    )
    changes = read_changes(events, entry.name)
    return changes.model_copy(update={"unpredictable": (*doubtful, *changes.unpredictable)})


def doubts(own: Own) -> tuple[str, ...]:
    """Return why the estate's own playbooks are not asked: they could change something even now."""
    files = [*own.playbooks, *(file for role in own.roles for file in sorted(role.rglob("*.y*ml")))]
    return tuple(
        f"the estate's own playbooks, since {file.relative_to(own.folder)} sets check_mode "
        "and might change something even now"
        for file in (files if own.playbooks else ())
        if SETS_CHECK_MODE.search(file.read_text(encoding="utf-8", errors="replace"))
    )


def _without_own_playbooks(context: EstateContext) -> EstateContext:
    own = replace(context.estate.own, playbooks=())
    return replace(context, estate=context.estate.model_copy(update={"own": own}))
