"""What a run of the playbooks would change on a host, subject by subject, as check mode says."""

from typing import Annotated

from pydantic import AfterValidator

from inventory.frozen import Frozen
from monitors.inspection.values import HostText
from monitors.text import escaped_line

Line = Annotated[str, AfterValidator(lambda line: escaped_line(line.expandtabs()))]
"""One line of a file, with its indentation, or of a message."""


class FileChange(Frozen):
    """A file, folder or link; `diff` holds the lines of a unified diff, none for a secret.

    `was` and `access` are mode, owner and group before and after, "" where they are not known.
    """

    path: HostText
    action: str
    was: HostText = ""
    access: HostText = ""
    secret: bool = False
    diff: tuple[Line, ...] = ()


class PackageChange(Frozen):
    """A package that is installed, upgraded or removed; `version` is the new one."""

    name: HostText
    action: str
    version: HostText = ""


class UnitChange(Frozen):
    """A unit that is started, restarted, reloaded, stopped or enabled; `was` is its state now."""

    name: HostText
    action: HostText
    was: HostText = ""


class AccountChange(Frozen):
    """An account or group, and what becomes of it."""

    name: HostText
    change: HostText


class ParameterChange(Frozen):
    """A kernel parameter with its values."""

    name: HostText
    before: HostText
    after: HostText


class Changes(Frozen):
    """All that would change, as far as check mode can tell.

    `others` are changes that only their task names; `unpredictable` what cannot be told beforehand;
    `refused` what ended the check, so that nothing that comes after it is known.
    """

    files: tuple[FileChange, ...] = ()
    packages: tuple[PackageChange, ...] = ()
    units: tuple[UnitChange, ...] = ()
    accounts: tuple[AccountChange, ...] = ()
    parameters: tuple[ParameterChange, ...] = ()
    others: tuple[HostText, ...] = ()
    unpredictable: tuple[HostText, ...] = ()
    refused: tuple[Line, ...] = ()
