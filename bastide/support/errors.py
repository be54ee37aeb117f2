"""Exit codes, and the error that carries one to the top of the command."""

from enum import IntEnum


class Exit(IntEnum):
    """What every command's exit status means."""

    WELL = 0
    FINDINGS = 1
    WRONG_USE = 2
    COULD_NOT_CHECK = 3


class CommandError(Exception):
    """Something that the person at the terminal must be told, with the exit status it means."""

    def __init__(self, message: str, code: Exit) -> None:
        """Keep the message (what, expected, next step) and the exit status."""
        super().__init__(message)
        self.code = code
