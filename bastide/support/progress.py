"""What a person sees during a long command: a line a stage, a line a host, and what runs now."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

SILENCE_SECONDS = 10.0


class Progress:
    """Prints stages and steps to standard error; quiet and plain where there is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        """Write to the given console, or to standard error."""
        self.console = console or Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._number = 0
        self._total = 0
        self._spoke = time.monotonic()

    def begin(self, total: int) -> None:
        """Say how many stages there will be."""
        self._total = total

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """Announce a stage; while it runs, `now` shows what it is at."""
        self._number += 1
        number = f"[{self._number}/{self._total}] " if self._total else ""
        self.console.print(f"[bold]{escape(number)}{title}[/bold]")
        started = time.monotonic()
        with self.console.status("") as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None
        self.console.print(f"      [dim]{time.monotonic() - started:.1f} s[/dim]")

    def step(self, subject: str, text: str, *, good: bool = True) -> None:
        """Print what one host, device or file came to."""
        mark = "[green]ok[/green]" if good else "[bold red]!![/bold red]"
        # One write, so that lines of hosts that finish together do not mix.
        self.console.print(f"   {mark} {escape(subject):<18} {escape(text)}")
        self._spoke = time.monotonic()

    def paste(self, where: str, command: str) -> None:
        """Print a command that a person is to paste, unbroken whatever the terminal's width."""
        text = f"        do, {where}:\n        {command}"
        self.console.print(text, markup=False, soft_wrap=True)

    def now(self, text: str) -> None:
        """Show what is being done this moment; where there is no terminal, now and then."""
        if self._status and self.console.is_terminal:
            self._status.update(f"[dim]{escape(text[:100])}[/dim]")
        elif time.monotonic() - self._spoke > SILENCE_SECONDS:
            self._spoke = time.monotonic()
            self.console.print(f"   .. {text[:100]}", markup=False)
