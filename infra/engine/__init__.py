"""The embedded Pulumi engine: runs an unmodified Pulumi program without the Pulumi CLI.

It speaks Pulumi's gRPC protocol to the program and to provider plugins, and keeps Pulumi's own
state, so the official CLI can take over the same folders at any time, and back.
"""

from infra.engine.api import Engine, EngineError, Operation, Outcome, Project, StepEvent
from infra.engine.choose import choose

__all__ = ["Engine", "EngineError", "Operation", "Outcome", "Project", "StepEvent", "choose"]
