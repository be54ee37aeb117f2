"""What a MIB file says of its objects' names, units and numbers; no compiler, one file at a time.

Only what a draft needs is read (RFC 2578): assignments of object identifiers, the UNITS clause and
named numbers. What a file imports from others is known for the usual roots only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ROOTS = {
    "iso": "1",
    "org": "1.3",
    "internet": "1.3.6.1",
    "mgmt": "1.3.6.1.2",
    "mib-2": "1.3.6.1.2.1",
    "private": "1.3.6.1.4",
    "enterprises": "1.3.6.1.4.1",
}
COMMENT = re.compile(r"--.*")
TEXT = re.compile(r'"[^"]*"')
ASSIGNMENT = re.compile(
    r"\b([a-z][\w-]*)\s+(OBJECT-TYPE|OBJECT IDENTIFIER|MODULE-IDENTITY|OBJECT-IDENTITY)\b"
    r"(.*?)::=\s*\{\s*([\w-]+(?:\(\d+\))?)\s+([\d\s]+)\}",
    re.DOTALL,
)
UNITS = re.compile(r'\bUNITS\s+"([^"]*)"')
ENUMERATION = re.compile(r"\bINTEGER\s*\{([^}]*)\}")
NAMED = re.compile(r"([a-zA-Z][\w-]*)\s*\(\s*(-?\d+)\s*\)")
LONGEST = 4_000_000


@dataclass(frozen=True, slots=True)
class MibObject:
    """An object's name, the unit that its MIB gives it and what its numbers are called."""

    name: str
    units: str = ""
    numbers: Mapping[int, str] = field(default_factory=dict)


def parse_mib(text: str) -> dict[str, MibObject]:
    """Return the objects of a MIB file by dotted OID; those that cannot be placed are left out."""
    plain = COMMENT.sub("", text[:LONGEST])
    found: dict[str, tuple[str, str, MibObject]] = {}
    for match in ASSIGNMENT.finditer(plain):
        name, _, clauses, parent, numbers = match.groups()
        units = UNITS.search(clauses)
        enumeration = ENUMERATION.search(TEXT.sub("", clauses))
        named = NAMED.findall(enumeration[1]) if enumeration else []
        seen = MibObject(
            name, units[1] if units else "", {int(number): word for word, number in named}
        )
        found[name] = (parent.partition("(")[0], ".".join(numbers.split()), seen)
    placed = {}
    for name, (_, _, seen) in found.items():
        dotted = _place(name, found, 0)
        if dotted:
            placed[dotted] = seen
    return placed


def _place(name: str, found: Mapping[str, tuple[str, str, MibObject]], depth: int) -> str:
    if name in ROOTS:
        return ROOTS[name]
    if name not in found or depth > len(found):
        return ""
    parent, numbers, _ = found[name]
    above = _place(parent, found, depth + 1)
    return f"{above}.{numbers}" if above else ""
