"""Which names a member of an evidence file may have: paths that are safe wherever it is unpacked.

Signed or not, a name outside this list is refused: who unpacks evidence must be able to trust
where its files go.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
SAFE = re.compile(rf"{PART}(/{PART})*", re.ASCII)
LONGEST = 200
# Names of devices on Windows, whatever their ending.
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def unsafe_name(names: Iterable[str]) -> str | None:
    """Return what is wrong with the first name that is no safe path, None when all are.

    Names that differ in case alone, or of which one is the folder of another, are unsafe together.
    """
    folded = []
    for name in names:
        if not _is_safe(name):
            return f"{name!a}: not a safe path"
        folded.append(name.casefold())
    for first, second in pairwise(sorted(folded, key=lambda name: name.split("/"))):
        if second == first or second.startswith(f"{first}/"):
            return f"{second!a}: the same place as {first!a} when unpacked"
    return None


def _is_safe(name: str) -> bool:
    return (
        len(name) <= LONGEST
        and SAFE.fullmatch(name) is not None
        and not any(part.endswith(".") or DEVICES.fullmatch(part) for part in name.split("/"))
    )
