"""A shell that has modules leave nothing on a host's disks, not even for a moment."""

from __future__ import annotations

DOCUMENTATION = """
name: without_traces
version_added: historical
short_description: POSIX shell, with temporary files in memory
description:
  - What C(sh) does. Temporary files go to /dev/shm, since one in /tmp or at home would change the
    folder's times, and Python writes no compiled modules.
extends_documentation_fragment:
  - shell_common
"""

from typing import Any

from ansible.plugins.shell.sh import ShellModule as Sh

ENVIRONMENT = {"TMPDIR": "/dev/shm", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108


class ShellModule(Sh):  # type: ignore[misc]
    """What Ansible looks for in this file."""

    SHELL_FAMILY = "without_traces"
    COMPATIBLE_SHELLS: frozenset[str] = frozenset()  # never chosen for a shell, only by its name

    def env_prefix(self, **variables: Any) -> str:
        """Return the assignments that stand before each command on the host."""
        return str(super().env_prefix(**{**ENVIRONMENT, **variables}))
