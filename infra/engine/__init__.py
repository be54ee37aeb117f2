"""What runs the Pulumi program: the official CLI, or an embedded engine where there is none."""

from infra.engine.api import Engine, EngineError, EngineResult, Operation, Project, StepEvent
from infra.engine.choose import choose

__all__ = ["Engine", "EngineError", "EngineResult", "Operation", "Project", "StepEvent", "choose"]
