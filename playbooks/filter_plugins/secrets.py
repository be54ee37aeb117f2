"""Jinja filters that follow the inventory's references to secrets, on the controller.

`secret` gives the value, for tasks under no_log; `secret_problem` only what is wrong with it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from ansible.errors import AnsibleFilterError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inventory.secrets import SecretError, resolve_at_source


def secret(reference: str, state: str) -> str:
    """Return the secret behind a reference; AnsibleFilterError says why there is none."""
    try:
        return resolve_at_source(str(reference), Path(state))
    except SecretError as error:
        raise AnsibleFilterError(str(error)) from None


def secret_problem(reference: str, state: str) -> str:
    """Return why a reference leads nowhere, or nothing; never the secret."""
    try:
        resolve_at_source(str(reference), Path(state))
    except SecretError as error:
        return str(error)
    return ""


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by the names that templates use."""
        return {"secret": secret, "secret_problem": secret_problem}
