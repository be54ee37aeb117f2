"""An Ansible inventory plugin that reads a Bastide estate and its provision outputs."""

from __future__ import annotations

DOCUMENTATION = """
name: bastide
short_description: The hosts of a Bastide estate
description:
  - Reads an estate's YAML and the outputs that provisioning left, and gives each host its
    groups (roles, municipality, tier) and its C(bastide_) variables.
  - Host keys come from provisioning; a host that was never provisioned cannot be reached.
options:
  plugin:
    description: Always C(bastide).
    required: true
    choices: [bastide]
  estate:
    description:
      - The estate's folder, or the name of one that ships with the project. By default the estate
        that the current folder is in.
    type: string
    env:
      - name: BASTIDE_ESTATE
  preview:
    description:
      - C(HOST=LEVEL), a host that is treated as if it were at that level, acknowledged or not. In
        check mode only; without C(--check) the playbooks refuse the host.
      - Python on it then leaves nothing behind, not even for a moment outside of memory.
    type: string
    default: ""
    env:
      - name: BASTIDE_PREVIEW
"""

EXAMPLES = """
plugin: bastide
estate: /srv/our-estate
"""

import os
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

from inventory.entries import hosts
from inventory.hostvars import BECOME_PASSWORD, groups, host_variables
from inventory.levels import REFUSED
from inventory.load import find_estate, load_estate
from inventory.model.estate import Estate
from inventory.outputs import Outputs, OutputsError, load_outputs
from inventory.paths import state_directory
from inventory.preview import NOT_IN_CHECK_MODE, PreviewError, at_level, read_preview
from inventory.problems import InventoryError
from inventory.run_id import VARIABLE, new_run

# The shell of playbooks/shell_plugins, and where Ansible's own uploads go: to memory too.
WITHOUT_TRACES = {
    "ansible_shell_type": "without_traces",
    "ansible_remote_tmp": "/dev/shm",  # noqa: S108
    # A login with a terminal is recorded in wtmp and lastlog.
    "ansible_ssh_use_tty": False,
}


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]
    """Ansible's way to ask for hosts; all knowledge is in inventory.hostvars."""

    NAME = "bastide"

    def verify_file(self, path: str) -> bool:
        """Return whether this file is for us: it ends in bastide.yml."""
        return bool(super().verify_file(path)) and path.endswith("bastide.yml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill Ansible's inventory; an invalid estate is one error with all its problems."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            folder = find_estate(self.get_option("estate"))
            estate = load_estate(folder)
            preview = read_preview(self.get_option("preview"), estate)
        except (InventoryError, PreviewError) as error:
            raise AnsibleParserError(str(error)) from None
        # The command line's own word: no play and no tag can leave it out.
        if preview and context.CLIARGS.get("check"):
            estate = at_level(estate, *preview)
        self._fill(estate, folder)
        # Modules that change something record it under this.
        self.inventory.set_variable("all", "bastide_run", os.environ.get(VARIABLE) or new_run())
        if preview:
            self._add_preview(preview[0], in_check_mode=bool(estate.preview))

    def _fill(self, estate: Estate, folder: Path) -> None:
        state = state_directory(estate.estate)
        outputs = self._outputs(estate.estate)
        for name in groups(estate):
            self.inventory.add_group(name)
        for entry in hosts(estate):
            self.inventory.add_host(entry.name)
            for key, value in host_variables(entry, folder, state, outputs).items():
                # What an estate's files say is never taken for a template.
                own = trust_as_template(value) if key == BECOME_PASSWORD else value
                self.inventory.set_variable(entry.name, key, own)
        for name, members in groups(estate).items():
            for member in members:
                self.inventory.add_child(name, member)

    def _add_preview(self, host: str, *, in_check_mode: bool) -> None:
        """Have a host left without a trace, or refused where something could change."""
        if not in_check_mode:
            self.inventory.add_child(REFUSED, host)
        variables = WITHOUT_TRACES if in_check_mode else {"bastide_refusal": NOT_IN_CHECK_MODE}
        for key, value in variables.items():
            self.inventory.set_variable(host, key, value)

    def _outputs(self, estate: str) -> Outputs:
        try:
            return load_outputs(state_directory(estate))
        except OutputsError as error:
            self.display.warning(str(error))
            return Outputs(estate=estate)
