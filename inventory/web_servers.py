"""Servers of web addresses: a name and a port, and which of them a journey may lead to."""

from collections.abc import Iterable
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def server_of(url: str) -> str:
    """Return a URL's server, such as permits.example:443; nothing where it names none."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return ""
    name = (parts.hostname or "").rstrip(".")
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}" if name else ""


def allowed_servers(url: str, more: Iterable[str]) -> frozenset[str]:
    """Return the servers that a journey of a service at `url` may lead to.

    `more`: names, with a port where it is not that of the service's scheme.
    """
    scheme = urlsplit(url).scheme
    return frozenset((server_of(url), *(server_of(f"{scheme}://{server}") for server in more)))
