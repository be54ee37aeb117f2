"""Names of objects and back, by the MIBs that net-snmp has on this machine.

Its ``snmptranslate`` reads them; which and where is its own setting (MIBDIRS, snmp.conf). Nothing
of Bastide needs it: profiles have numbers, and numbers can be asked for without it.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence

from monitors.snmp import oid

PROGRAM = "snmptranslate"
PATIENCE_SECONDS = 30
# Arguments of one call.
AT_ONCE = 500
_NAME = re.compile(r"[A-Za-z][\w:.-]*")
_FULL_NAME = re.compile(r"[\w-]+::[A-Za-z][\w-]*(\.\S+)?")


class UnknownNameError(Exception):
    """A name cannot be translated; the text says which and why."""


def numeric(words: Sequence[str]) -> list[str]:
    """The object identifiers, dotted, of names such as ``ifDescr.1`` and of numbers.

    Raises UnknownNameError, and oid.OidError for what is neither name nor number.
    """
    named = [word for word in words if _NAME.fullmatch(word)]
    numbers = dict(zip(named, _numbers_of(named), strict=True)) if named else {}
    dotted = [numbers.get(word, word).lstrip(".") for word in words]
    for number in dotted:
        oid.encode(number)
    return dotted


def names_of(dotted: Sequence[str]) -> dict[str, str]:
    """The names of those object identifiers that a MIB knows; none without net-snmp's tools."""
    program = shutil.which(PROGRAM)
    if program is None:
        return {}
    found: list[str] = []
    for start in range(0, len(dotted), AT_ONCE):
        found += _lines(_run([program, "-m", "ALL", "-OS", *dotted[start : start + AT_ONCE]]))
    if len(found) != len(dotted):
        return {}
    pairs = zip(dotted, found, strict=True)
    return {number: name for number, name in pairs if _FULL_NAME.fullmatch(name)}


def _numbers_of(names: Sequence[str]) -> list[str]:
    program = shutil.which(PROGRAM)
    if program is None:
        raise UnknownNameError(
            f"{names[0]}: names need net-snmp's {PROGRAM} (Debian: package snmp); give its number"
        )
    done = _run([program, "-m", "ALL", "-IR", "-On", *names])
    numbers = _lines(done)
    if done.returncode or len(numbers) != len(names):
        said = [line for line in done.stderr.splitlines() if "nknown" in line or "o such" in line]
        unknown = said[-1].rpartition(":")[2].strip() if said else names[0]
        raise UnknownNameError(
            f"{unknown}: no MIB on this machine has that name ({PROGRAM} -IR -m ALL {unknown});"
            " install the maker's MIB, or give its number"
        )
    return numbers


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownNameError(f"{PROGRAM} cannot be asked: {error}") from error


def _lines(done: "subprocess.CompletedProcess[str]") -> list[str]:
    return [line for line in done.stdout.splitlines() if line]
