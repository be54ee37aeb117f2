"""What a server on loopback needs: a port that nobody has, and a certificate."""

import socket
import subprocess
from pathlib import Path

HERE = "127.0.0.1"


def free_port(address: str = HERE) -> int:
    """Return a port of TCP that nobody serves just now."""
    return _free(address, socket.SOCK_STREAM)


def free_udp_port(address: str = HERE) -> int:
    """Return a port of UDP that nobody has just now."""
    return _free(address, socket.SOCK_DGRAM)


def _free(address: str, kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind((address, 0))
        return int(free.getsockname()[1])


def certificate(folder: Path, name: str, address: str = HERE) -> tuple[Path, Path]:
    """Make a certificate of a day for an address, which is its own authority; it and its key."""
    made, key = folder / f"{name}.crt", folder / f"{name}.key"
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}")
    names = ("-addext", f"subjectAltName=IP:{address}")
    files = ("-keyout", key, "-out", made)
    subprocess.run(("openssl", "req", *options, *names, *files), check=True, capture_output=True)
    return made, key
