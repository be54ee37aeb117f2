"""Runs one check function without pytest and turns what it does into an outcome."""

import importlib
import inspect
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.audit.model.controls import Control
from monitors.audit.model.declared import Declared
from monitors.audit.model.results import Outcome
from monitors.outside.document import OutsideView, unseen
from monitors.text import escaped_line

# As testinfra words it, with an address in memory that is another in every process.
FAILED_COMMAND = re.compile(
    r"Unexpected exit code (-?\d+) for CommandResult\(.*?command=b['\"](.*?)['\"], _stdout="
    r".*_stderr=b?['\"](.*?)['\"]\)"
)
Check = Callable[..., None]
# The check files of an estate's own controls (inventory.own).
CheckFiles = Sequence[Path]


def check_function(path: str, own: CheckFiles = ()) -> Check:
    """Return the check `module.function` of the table; `own` are the estate's own check files.

    Raises LookupError when the checks folder has no such function.
    """
    module_name, _, function = path.partition(".")
    for file in own:
        if file.stem == module_name:
            return _function(_own_module(file, file.read_bytes()), function, str(file))
    return _shipped(module_name, function)


@cache
def _shipped(module_name: str, function: str) -> Check:
    try:
        module = importlib.import_module(f"monitors.audit.checks.{module_name}")
    except ImportError:
        raise LookupError(f"monitors/audit/checks has no {module_name}.{function}") from None
    return _function(module, function, f"monitors/audit/checks/{module_name}.py")


def _function(module: ModuleType, function: str, where: str) -> Check:
    check: Check | None = getattr(module, function, None)
    if check is None:
        raise LookupError(f"{where} has no {function}")
    return check


@cache
def _own_module(file: Path, source: bytes) -> ModuleType:
    """Return an estate's check file as a module; nothing is written beside it."""
    module = ModuleType(f"own_checks.{file.stem}")
    module.__file__ = str(file)
    try:
        source.decode()  # a comment in another encoding would run, and its lines be unreadable
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - the estate's own code
    except Exception as error:
        raise LookupError(f"{file}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def run_check(
    control: Control,
    host: Host,
    declared: Declared,
    own: CheckFiles = (),
    outside: OutsideView | None = None,
) -> tuple[Outcome, str]:
    """Run a control's check; return the outcome and, unless it passes, the reason in a line.

    `outside` is what was seen of the host from another one, None where nobody looked.
    """
    outcome, reason = _outcome(control, host, declared, own, outside or unseen(declared.host))
    return outcome, escaped_line(reason)


def judges_view(control: Control, own: CheckFiles = ()) -> bool:
    """Return whether a control's check takes what was seen from outside."""
    try:
        return "outside" in inspect.signature(check_function(control.check, own)).parameters
    except (LookupError, OSError):
        return False


def _outcome(
    control: Control, host: Host, declared: Declared, own: CheckFiles, outside: OutsideView
) -> tuple[Outcome, str]:
    try:
        check = check_function(control.check, own)
    except (LookupError, OSError) as error:
        # A control set of an earlier date may name a check that has gone since.
        return Outcome.ERROR, f"{error}: this version of Bastide cannot judge it"
    wanted = inspect.signature(check).parameters
    arguments = {
        "host": host,
        "declared": declared,
        "limits": control.limits,
        "outside": outside,
    }
    if "limits" in wanted and not control.limits:
        # A control set of an earlier date may name none: they stood in the checks.
        return Outcome.ERROR, f"{control.id} has no limits: this version of Bastide cannot judge it"
    try:
        check(**{name: value for name, value in arguments.items() if name in wanted})
    except pytest.skip.Exception as skipped:
        return Outcome.SKIP, str(skipped)
    except UndeterminedError as error:
        return Outcome.ERROR, str(error)
    except AssertionError as failed:
        # Under pytest, its own account of the comparison follows on the next lines.
        return _failed_assertion((str(failed).splitlines() or ["the check says no more"])[0])
    except Exception as error:  # noqa: BLE001 (output of a foreign host: anything can be in it)
        return Outcome.ERROR, f"unexpected output from the host: {type(error).__name__}: {error}"
    return Outcome.PASS, ""


def _failed_assertion(message: str) -> tuple[Outcome, str]:
    """Tell a judgement from testinfra's own assertion that a command must have succeeded."""
    if failed := FAILED_COMMAND.match(message):
        status, command, said = failed.groups()
        ending = f"`{command[:120]}` ended with {status}" + (f": {said[:200]}" if said else "")
        return Outcome.ERROR, f"a command failed on the host: {ending}"
    if message.startswith("Unexpected exit code"):
        return Outcome.ERROR, "a command failed on the host"
    return Outcome.FAIL, message
