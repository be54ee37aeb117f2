"""Exit codes, and the error that carries one to the top of the command."""

from enum import IntEnum
from pathlib import Path

from inventory.paths import state_home


class Exit(IntEnum):
    """What every command's exit status means."""

    WELL = 0
    FINDINGS = 1
    WRONG_USE = 2
    COULD_NOT_CHECK = 3


class CommandError(Exception):
    """A message for the person at the terminal, with the exit status it means."""

    def __init__(self, message: str, code: Exit) -> None:
        """Keep the message (what, expected, next step) and the exit status."""
        super().__init__(message)
        self.code = code


def describe_os_error(error: OSError) -> str:
    """Return what file cannot be used and why; of a state folder, how to choose another."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return reason
    message = f"{error.filename}: {reason}"
    path, home = Path(str(error.filename)).absolute(), state_home()
    if not path.is_relative_to(home) and not home.is_relative_to(path):
        return message
    return (
        f"{message}\n    expected: a state folder that can be read and written, in {home}"
        "\n    do: run as the user who owns it, or choose another with BASTIDE_STATE_HOME"
    )
