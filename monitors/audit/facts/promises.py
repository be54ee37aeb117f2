"""What the inventory promises of a backup plan, as the checks of hosts and of vaults ask it."""

from monitors.audit.collect.backends import UndeterminedError
from monitors.audit.model.declared import Declared, PlanPromise


def declared_promise(declared: Declared, plan: str) -> PlanPromise:
    """Return what is promised of a plan, HOST/PLAN; UndeterminedError where nothing says it.

    A record of an earlier date has none: all plans were held against one limit.
    """
    for promise in declared.promises:
        if promise.plan == plan:
            return promise
    raise UndeterminedError(f"{plan}: what is declared does not say its RPO")
