"""What the host says of itself against what the inventory declares of it."""
# ruff: noqa: S101

import json

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.model.declared import Declared

SAID = (
    "hostname; cat /etc/machine-id; stat -c '%U %a' /etc/bastide/inventory.json; "
    "cat /etc/bastide/inventory.json"
)
HEAD_LINES = 3
MACHINE_ID_DIGITS = 32


def test_inv_01_declared_with_owner(host: Host, declared: Declared) -> None:
    """Name, roles and owner were given to the host as declared, and root alone may change them.

    The name is the inventory's: what an existing host calls itself stays as it is.
    """
    lines: list[str] = host.run(SAID).stdout.splitlines()
    if len(lines) <= HEAD_LINES:
        raise UndeterminedError("/etc/bastide/inventory.json is not there: run configure.yml")
    name, machine, access = lines[:HEAD_LINES]
    own = json.loads("\n".join(lines[HEAD_LINES:]))
    owner, mode = access.split()
    called = own.get("host", name)
    assert called == declared.host, f"configured as {called}, expected {declared.host}"
    assert len(machine) == MACHINE_ID_DIGITS, "/etc/machine-id does not tell this host from others"
    assert owner == "root", f"/etc/bastide/inventory.json is {owner}'s, expected root's"
    assert not int(mode, 8) & 0o022, f"/etc/bastide/inventory.json has mode {mode}"
    roles, wanted = sorted(own["roles"]), sorted(declared.roles)
    assert roles == wanted, f"configured as {', '.join(roles)}, declared as {', '.join(wanted)}"
    assert own["owner"], "the host has no owner"
    assert own["owner"] == declared.owner, f"{own['owner']} owned it; now {declared.owner} does"
