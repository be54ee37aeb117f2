"""Canonical JSON (RFC 8785) and its SHA-256: equal values have equal bytes everywhere."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """Return JSON-like values (dict, list, str, int, float, bool, None) as RFC 8785 JSON.

    Raises ValueError for what JSON cannot say: NaN, integers beyond 2**53, other types.
    """
    return rfc8785.dumps(value)


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON, in lower-case hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
