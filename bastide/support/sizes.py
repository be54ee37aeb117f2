"""Sizes as people read them."""

UNITS = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def size(octets: float) -> str:
    """Return a number of octets in the largest unit that it fills."""
    for unit, of in UNITS:
        if octets >= of:
            return f"{octets / of:,.1f} {unit}"
    return f"{octets:.0f} B"
