"""An Ansible callback that loads once what the process of every task would load for itself."""

from __future__ import annotations

DOCUMENTATION = """
name: bastide_warm_up
type: notification
short_description: Cheaper processes for tasks
description:
  - Ansible forks a process for each task and host. What the first one loads (filters, tests, the
    reader of modules' answers) the next one loads again, which is up to three quarters of its work.
    Loaded before the first fork, they share it.
  - Mitogen keeps all of them, and Ansible itself, on one of a machine's two processors, and on all
    but two of more. The kernel knows better.
  - Reports nothing, and changes no result.
"""

from typing import Any

from ansible.module_utils.common.json import Direction, get_module_decoder
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar, trust_as_template

# A filter and a test: each loads all of its kind.
USES_PLUGINS = "{{ 'any' is match('any') | bool }}"
MODULES_PROFILE = "legacy"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bastide_warm_up"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Load the plugins, those of the play's own roles included."""
        Templar().template(trust_as_template(USES_PLUGINS))
        get_module_decoder(MODULES_PROFILE, Direction.MODULE_TO_CONTROLLER)
        if play.strategy.startswith("mitogen_"):
            use_all_processors()


def use_all_processors() -> None:
    """Have Mitogen leave it to the kernel which processor a process runs on."""
    from ansible_mitogen import affinity

    affinity.policy = affinity.Policy()
