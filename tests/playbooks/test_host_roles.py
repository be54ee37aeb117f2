"""The playbooks do for each role of a host what the inventory's table of roles says."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

from inventory.hostvars import BACKUP_CLIENT
from inventory.operations_watch import OPERATIONS_WATCH
from inventory.roles import ROLES
from tests.playbooks.ansible import PLAYBOOKS
from tests.playbooks.ansible import ROLES as FOLDER

Imported = tuple[str, str, list[str]]


def imports(playbook: str) -> Iterator[Imported]:
    """Yield each role that a playbook imports: for which group, its name, its tags."""
    for play in plays(playbook):
        for task in play["tasks"]:
            yield play["hosts"], task["ansible.builtin.import_role"]["name"], task["tags"]


def plays(playbook: str) -> list[dict[str, Any]]:
    """Return a playbook's own plays, without the playbooks that it imports first."""
    return [p for p in yaml.safe_load((PLAYBOOKS / playbook).read_text()) if "tasks" in p]


def test_configure_imports_the_role_of_every_row_for_its_group() -> None:
    expected = [(role.value, row.configured_by) for role, row in ROLES.items()]
    expected += [(name, name) for name in (BACKUP_CLIENT, OPERATIONS_WATCH)]

    own = [(group, name) for group, name, _ in imports("configure.yml") if group != "managed"]

    assert sorted(own) == sorted(expected)


def test_harden_imports_what_rows_add_for_their_groups() -> None:
    expected = [(role.value, row.hardened_by) for role, row in ROLES.items() if row.hardened_by]

    assert [
        (group, name) for group, name, _ in imports("harden.yml") if group != "managed"
    ] == expected


@pytest.mark.parametrize("playbook", ["configure.yml", "harden.yml"])
def test_each_role_can_be_run_alone_by_its_name(playbook: str) -> None:
    assert [name for _, name, tags in imports(playbook) if name not in tags] == []


@pytest.mark.parametrize(
    ("playbook", "rows"), [("configure.yml", "configured_by"), ("harden.yml", "hardened_by")]
)
def test_the_packages_of_every_role_that_a_host_gets_are_installed(
    playbook: str, rows: str
) -> None:
    first = plays(playbook)[0]
    template = NativeEnvironment().from_string(first["vars"]["packages_of_roles"])
    of_roles: Any = template.render(
        {f"bastide_{rows}": ["of", "its", "roles"], "bastide_exporter_is_ours": True}
    )
    everywhere = {name for group, name, _ in imports(playbook) if group == "managed"}
    with_packages = {name for name in everywhere if f"{name}_packages" in defaults(name)}

    assert of_roles[-3:] == ["of", "its", "roles"]
    assert with_packages - {"auditing"} <= {*of_roles}, "auditing installs them where it can"


def defaults(role: str) -> dict[str, Any]:
    file = FOLDER / role / "defaults" / "main.yml"
    return dict(yaml.safe_load(file.read_text()) or {}) if file.exists() else {}
