"""A short message as a file that smstools sends, in its folder of outgoing ones.

Source: smstools 3.1.21, "SMS file format".
"""

import hashlib
from contextlib import suppress
from pathlib import Path

from monitors.bridge.short_message import gsm, is_gsm, ucs2

PREFIX = "bastide-"
# Beside the folder of outgoing ones: where smsd keeps what it has taken and not sent yet.
CHECKED = "checked"
# And what it, or the network, has given up.
FAILED = "failed"
GIVEN_UP_SECONDS = 3600.0
# smsd's group is the folder's, by its set-group-ID bit.
MODE = 0o660


def put(spool: Path, number: str, text: str, key: str) -> str:
    """Put a message for a number (E.164) into a folder; return why it cannot be, or nothing.

    The same ``key`` and number give the same file, so one that waits for the modem is not doubled.
    """
    name = PREFIX + hashlib.sha256(f"{key} {number}".encode()).hexdigest()[:32]
    hidden = spool / f".{name}"  # smsd takes no such file, so none that is half written
    try:
        hidden.write_bytes(_file(number, text))
        hidden.chmod(MODE)
        hidden.replace(spool / name)
    except OSError as error:
        return f"cannot write into {spool}: {error.strerror}"
    return ""


def waiting_seconds(spool: Path, now: float) -> float:
    """Return how long the oldest message of ours waits for smsd or its modem; 0 when none does."""
    begun = [now]
    for folder in (spool, spool.parent / CHECKED):
        for file in folder.glob(f"{PREFIX}*"):
            with suppress(OSError):  # sent meanwhile, or smsd lets nobody look
                begun.append(file.stat().st_mtime)
    return now - min(begun)


def given_up(spool: Path, now: float) -> int:
    """Return how many messages of ours smsd has given up within an hour, before ``now``."""
    ages = []
    for file in (spool.parent / FAILED).glob(f"{PREFIX}*"):
        with suppress(OSError):
            ages.append(now - file.stat().st_ctime)
    return sum(age < GIVEN_UP_SECONDS for age in ages)


def _file(number: str, text: str) -> bytes:
    alphabet, body = ("GSM", gsm(text)) if is_gsm(text) else ("UCS2", ucs2(text))
    return f"To: {number.lstrip('+')}\nAlphabet: {alphabet}\n\n".encode() + body
