"""A short message as a file that smstools sends, in its folder of outgoing ones.

Source: smstools 3.1.21, "SMS file format".
"""

import hashlib
from pathlib import Path

from monitors.bridge.short_message import gsm, is_gsm, ucs2

# smsd's group is the folder's, by its set-group-ID bit.
MODE = 0o660


def put(spool: Path, number: str, text: str, key: str) -> str:
    """Put a message for a number (E.164) into a folder; return why it cannot be, or nothing.

    The same ``key`` and number give the same file, so one that waits for the modem is not doubled.
    """
    name = "bastide-" + hashlib.sha256(f"{key} {number}".encode()).hexdigest()[:32]
    hidden = spool / f".{name}"  # smsd takes no such file, so none that is half written
    try:
        hidden.write_bytes(_file(number, text))
        hidden.chmod(MODE)
        hidden.replace(spool / name)
    except OSError as error:
        return f"cannot write into {spool}: {error.strerror}"
    return ""


def _file(number: str, text: str) -> bytes:
    alphabet, body = ("GSM", gsm(text)) if is_gsm(text) else ("UCS2", ucs2(text))
    return f"To: {number.lstrip('+')}\nAlphabet: {alphabet}\n\n".encode() + body
