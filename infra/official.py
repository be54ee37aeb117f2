"""The official engine: the Pulumi CLI, through its Automation API."""

from collections.abc import Mapping
from typing import Any

from infra.engine.api import OnEvent, Operation, Outcome, Project


class OfficialEngine:
    """Runs Pulumi programs with the official CLI."""

    def run(self, operation: Operation, project: Project, on_event: OnEvent) -> Outcome:
        """Do the operation; see infra.engine.api.Engine."""
        raise NotImplementedError

    def outputs(self, project: Project, show_secrets: bool = False) -> Mapping[str, Any]:
        """Read the stack's outputs; see infra.engine.api.Engine."""
        raise NotImplementedError
