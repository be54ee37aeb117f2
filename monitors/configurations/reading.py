"""A device's configuration, read over SSH; whole, or not at all."""

import re
import time
from dataclasses import dataclass

from inventory.enums import Platform
from monitors.configurations.lines import clean
from monitors.configurations.platforms import ASKED, Asked
from monitors.ssh.terminal import Terminal

# What a device says when a screen is full; a blank goes on.
PAGER = re.compile(
    rb"(?:<?-{2,} ?\(?more|press (?:any key|space) to continue)[^\r\n]{0,60}$",
    re.IGNORECASE,
)
# Nothing comes after such a question.
PAGE_SECONDS = 0.1
PROMPT = re.compile(r"(?=.*\w).{0,80}[>#$%\]]")
REFUSED = re.compile(
    r"^\s*(?:% ?(?:Invalid|Incomplete|Unknown|Authorization|Bad|Permission)"
    r"|Invalid input|Unknown command|syntax error|Command fail|% ?Unrecognized|Error: ?"
    r"|bad command name|Command not found)",
    re.IGNORECASE | re.MULTILINE,
)


class ReadingError(Exception):
    """A device did not say its whole configuration; the text repeats nothing of what it said."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much and how long a device may say: in all, and how long it may be silent."""

    octets: int = 8 << 20
    seconds: float = 180.0
    silent_seconds: float = 30.0
    # After a prompt: what comes later than this was asked for by nobody.
    settle_seconds: float = 0.6


class Reader:
    """Reads one device's configuration."""

    def __init__(self, terminal: Terminal, platform: Platform, bounds: Bounds) -> None:
        """Take a login that nothing was said at yet."""
        self._terminal, self._asked, self._bounds = terminal, ASKED[platform], bounds
        self._until = time.monotonic() + bounds.seconds
        self._spoke = time.monotonic()
        self._heard = bytearray()

    def read(self) -> str:
        """Return the configuration as printed; raises ReadingError, SshError."""
        text = self._by_command() if self._asked.first is None else self._by_dialogue()
        return whole(self._asked, text)

    def _by_command(self) -> str:
        self._terminal.command(self._asked.show)
        while self._hear(self._bounds.silent_seconds) is not None:
            pass
        if not self._terminal.succeeded():
            raise ReadingError("the device refuses the command that prints its configuration")
        return _text(self._heard)

    def _by_dialogue(self) -> str:
        self._terminal.dialogue()
        prompt = self._prompt()
        for line in (*(self._asked.first or ()), self._asked.show):
            self._heard.clear()
            self._terminal.send(f"{line}\n")
            answer = self._answer(prompt)
        return answer

    def _prompt(self) -> str:
        """Return the prompt that a device greets with."""
        while True:
            last = self._listen().rpartition("\n")[2].strip()
            if PROMPT.fullmatch(last):
                return last

    def _answer(self, prompt: str) -> str:
        """Return what comes until the prompt stands there twice, the second time asked for.

        A line of the answer may look like the prompt: after it, the answer goes on.
        """
        asked = False
        while True:
            before, _, last = self._listen().rstrip().rpartition("\n")
            if last.strip() != prompt:
                continue
            above, _, last = before.rstrip().rpartition("\n")
            if asked and last.strip() == prompt:
                return above
            if not asked:
                self._terminal.send("\n")
                asked = True

    def _listen(self) -> str:
        """Return all that was heard, once the device is quiet for a moment; turns its pages."""
        while True:
            page = PAGER.search(self._heard, max(0, len(self._heard) - 100))
            data = self._hear(PAGE_SECONDS if page else self._bounds.settle_seconds)
            if data is None:
                raise ReadingError("the device ended the connection before it had said all")
            if data:
                continue
            if page is None:
                return _text(self._heard)
            del self._heard[page.start() :]
            self._terminal.send(" ")

    def _hear(self, seconds: float) -> bytes | None:
        """Keep and return what comes next; nothing after so many seconds, None at the end."""
        now = time.monotonic()
        data = self._terminal.receive(min(seconds, max(0.01, self._until - now)))
        now = time.monotonic()
        self._spoke = now if data else self._spoke
        self._heard += data or b""
        if data is not None and now > self._until:
            raise ReadingError(f"the device had not said all after {self._bounds.seconds:g} s")
        if len(self._heard) > self._bounds.octets:
            raise ReadingError(f"the device says more than {self._bounds.octets} octets")
        if data == b"" and now - self._spoke >= self._bounds.silent_seconds:
            raise ReadingError(f"the device was silent for {self._bounds.silent_seconds:g} s")
        return data


def whole(asked: Asked, text: str) -> str:
    """Return a configuration from its first line to its last; ReadingError when one is missing."""
    lines = text.split("\n")
    if lines and asked.show in lines[0]:  # what was typed, shown again
        lines = lines[1:]
    text = "\n".join(lines).rstrip()
    if not re.search(asked.holds, text, re.MULTILINE):
        if REFUSED.search(text):
            raise ReadingError(
                "the device refuses the command that prints its configuration; may this account?"
            )
        raise ReadingError("what the device said is no whole configuration of this platform")
    if asked.ends and not re.fullmatch(asked.ends, text.rpartition("\n")[2].strip()):
        raise ReadingError("the configuration was cut: its last line is missing")
    return text


def _text(octets: bytes | bytearray) -> str:
    return clean(octets.decode("utf-8", errors="replace"))
