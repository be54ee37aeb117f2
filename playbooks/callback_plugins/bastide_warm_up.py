"""An Ansible callback that loads once what the process of every task would load for itself."""

from __future__ import annotations

DOCUMENTATION = """
name: bastide_warm_up
type: notification
short_description: Cheaper processes for tasks
description:
  - Ansible forks a process for each task and host. What the first one loads (filters, tests, the
    reader of modules' answers) the next one loads again, which is up to three quarters of its work.
    Loaded before the first fork, they share it, and none of them looks for garbage in it, which
    would copy its memory as well.
  - Mitogen keeps all of them, and Ansible itself, on one of a machine's two processors, and on all
    but two of more. The kernel knows better.
  - On a host, Mitogen starts a process anew for each module with utilities of its own, which costs
    several times what the module does. Ours hold nothing from one run to the next and need none.
  - Reports nothing, and changes no result.
"""

import gc
from typing import Any

from ansible.module_utils.common.json import Direction, get_module_decoder
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar, trust_as_template

# A filter and a test: each loads all of its kind.
USES_PLUGINS = "{{ 'any' is match('any') | bool }}"
MODULES_PROFILE = "legacy"
OBJECTS_BETWEEN_COLLECTIONS = 20_000  # Python's own: 700
OUR_UTILITIES = "ansible.module_utils.run_records"


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bastide_warm_up"

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Load the plugins, those of the play's own roles included."""
        Templar().template(trust_as_template(USES_PLUGINS))
        get_module_decoder(MODULES_PROFILE, Direction.MODULE_TO_CONTROLLER)
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        if play.strategy.startswith("mitogen_"):
            use_all_processors()
            keep_one_process_a_host()


def use_all_processors() -> None:
    """Have Mitogen leave it to the kernel which processor a process runs on."""
    from ansible_mitogen import affinity

    affinity.policy = affinity.Policy()


def keep_one_process_a_host() -> None:
    """Have Mitogen run modules with our utilities in the process that runs all others."""
    from ansible_mitogen.planner import NewStylePlanner

    if not hasattr(NewStylePlanner, "must_fork"):
        NewStylePlanner.must_fork = NewStylePlanner.should_fork
        NewStylePlanner.should_fork = should_fork


def should_fork(planner: Any) -> bool:
    """Whether a module needs a process of its own; ours never do."""
    utilities = [name for name, *_ in planner.get_module_map()["custom"]]
    ours = bool(utilities) and all(name.startswith(OUR_UTILITIES) for name in utilities)
    return not ours and bool(planner.must_fork())
