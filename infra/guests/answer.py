"""Waits until a new machine answers SSH, and holds it to the host key it was created with."""

from infra import ssh_keyscan
from infra.errors import failed

# A cloud image's first boot where no processor helps takes minutes.
ANSWER_SECONDS = 600.0


def wait_for_ssh(name: str, address: str, host_key: str, console: str) -> None:
    """Return when it answers with its key; InfraError after ten minutes, or with another key."""
    try:
        proven = ssh_keyscan.wait_for_host_key(address, ANSWER_SECONDS, ssh_keyscan.AFAR)
    except ssh_keyscan.NoAnswerError as error:
        raise failed(
            f"machine {name}",
            expected=f"an SSH server at {address} within {ANSWER_SECONDS:g} s",
            found=str(error),
            advice=f"look at its console ({console}), and whether this machine reaches {address}",
        ) from None
    if proven != host_key:
        raise failed(
            f"machine {name} at {address}",
            expected=f"the host key it was created with ({host_key})",
            found=proven,
            advice="something else answers there, or its disk is older than it: find out what "
            f"({console}) before you go on",
        )
