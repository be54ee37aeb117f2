"""The official engine: the Pulumi CLI, on the same state as the embedded engine.

Only the CLI itself is needed: the program runs in a process of ours, as under the embedded engine,
and is offered to the CLI as the Automation API offers its inline programs.
"""

from infra.engine.official.command_line import executable
from infra.engine.official.engine import OfficialEngine

__all__ = ["OfficialEngine", "executable"]
