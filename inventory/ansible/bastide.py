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
"""

EXAMPLES = """
plugin: bastide
estate: /srv/our-estate
"""

from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

from inventory.entries import hosts
from inventory.hostvars import BECOME_PASSWORD, groups, host_variables
from inventory.load import find_estate, load_estate
from inventory.outputs import Outputs, OutputsError, load_outputs
from inventory.paths import state_directory
from inventory.problems import InventoryError


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
        except InventoryError as error:
            raise AnsibleParserError(str(error)) from None
        state = state_directory(estate.estate)
        outputs = self._outputs(estate.estate)
        for name in groups(estate):
            inventory.add_group(name)
        for entry in hosts(estate):
            inventory.add_host(entry.name)
            for key, value in host_variables(entry, folder, state, outputs).items():
                # What an estate's files say is never taken for a template.
                own = trust_as_template(value) if key == BECOME_PASSWORD else value
                inventory.set_variable(entry.name, key, own)
        for name, members in groups(estate).items():
            for member in members:
                inventory.add_child(name, member)

    def _outputs(self, estate: str) -> Outputs:
        try:
            return load_outputs(state_directory(estate))
        except OutputsError as error:
            self.display.warning(str(error))
            return Outputs(estate=estate)
