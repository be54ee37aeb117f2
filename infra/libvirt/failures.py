"""What libvirt refuses, said so that an administrator can act on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import InfraError, failed
from infra.libvirt.binding import binding

# Pieces of libvirt's own messages (it has one code for most of them), and what to do about each.
ADVICE: tuple[tuple[str, str], ...] = (
    ("permission denied", "use an account of the group libvirt there, or root"),
    ("authentication", "use an account that libvirt lets in (group libvirt), or root"),
    ("access denied", "let the account do this: libvirt's polkit rules there, or group libvirt"),
    ("read only access", "the connection may only look: use the URI without a read-only socket"),
    ("failed to connect socket", "start it there: systemctl start libvirtd, or virtqemud.socket"),
    ("connection refused", "look whether libvirtd runs there and the port is open"),
    ("host key verification failed", "log in by ssh once, and compare the key with its console"),
    ("timed out", "look whether the hypervisor is on, and reached from here"),
    ("name or service not known", "correct the name in the URI"),
    ("could not resolve", "correct the name in the URI"),
    ("already in use", "look what uses it there: virsh list --all, virsh net-list --all"),
    ("not enough free space", "make room in the pool, or name another with `pool:`"),
    ("no space left", "make room in the pool, or name another with `pool:`"),
)
ELSE = "look at the hypervisor's log: journalctl -u libvirtd -u virtqemud"


@contextmanager
def failures_explained(subject: str, uri: str) -> Iterator[None]:
    """Raise InfraError for what libvirt raises."""
    try:
        yield
    except binding().libvirtError as error:
        raise _explained(subject, uri, str(error)) from None


def _explained(subject: str, uri: str, message: str) -> InfraError:
    lower = message.lower()
    advice = next((advice for piece, advice in ADVICE if piece in lower), ELSE)
    found = " ".join(message.split())
    return failed(subject, expected=f"{uri} to do this", found=found, advice=advice)
