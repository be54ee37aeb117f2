"""A host and its port in one text."""

from ipaddress import IPv4Address, IPv6Address


def authority(host: str | IPv4Address | IPv6Address, port: int) -> str:
    """Return `HOST:PORT`, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    text = str(host)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
