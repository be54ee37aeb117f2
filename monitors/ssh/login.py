"""One login with one key, and no second attempt."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import paramiko

from inventory.connections import Connection
from monitors.ssh.failures import Kind, SshError
from monitors.ssh.host_keys import line_of

PUBLICKEY = "publickey"


def log_in(transport: paramiko.Transport, hop: Connection, agent_keys: Sequence[str]) -> None:
    """Log in by one key, the declared one or one of the agent's; SshError when it is refused."""
    key, where = _key(hop, agent_keys)
    offered = line_of(key)
    try:
        missing = transport.auth_publickey(hop.user, key)
    except paramiko.AuthenticationException as error:
        if "timeout" in str(error).lower():
            raise TimeoutError from None
        taken = ", ".join(getattr(error, "allowed_types", ()))
        but = f"; it takes {taken} only" if taken and PUBLICKEY not in taken else ""
        raise SshError(
            Kind.LOGIN_REFUSED,
            hop.name,
            f"login refused: expected {hop.place} to take the key {key.fingerprint} ({where}), "
            f"found that it does not{but}; add its public half to ~{hop.user}/.ssh/authorized_keys "
            "there; one attempt was made and no more",
            offered_key=offered,
        ) from None
    if missing:
        raise SshError(
            Kind.LOGIN_INCOMPLETE,
            hop.name,
            f"login incomplete: expected {hop.place} to let {hop.user} in by key, found that it "
            f"asks for more ({', '.join(missing)}); exempt this account from the second factor",
            offered_key=offered,
        )


def _key(hop: Connection, agent_keys: Sequence[str]) -> tuple[paramiko.PKey, str]:
    """Return the one key that is offered, and where it is from in words."""
    if hop.key is None:
        return _from_agent(hop, agent_keys)
    try:
        return paramiko.PKey.from_path(hop.key), str(hop.key)
    except FileNotFoundError:
        problem, do = "found no such file", "run `bastide up`, or say `key:` under `ssh:`"
    except OSError as error:
        problem, do = f"found {error.strerror}", "run this as the user who may read it"
    except Exception as error:  # noqa: BLE001 (each kind of file has errors of its own)
        if public := _read(hop.key.with_name(f"{hop.key.name}.pub")):
            # A key with a passphrase is used through ssh-agent, as OpenSSH does.
            return _from_agent(hop, (public,))
        problem = f"found {error}"
        do = "a key with a passphrase is used through ssh-agent (`ssh-add`, `key: agent`)"
    raise SshError(
        Kind.KEY_UNUSABLE, hop.name, f"expected a private key in {hop.key}, {problem}; {do}"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _from_agent(hop: Connection, declared: Sequence[str]) -> tuple[paramiko.PKey, str]:
    """Return the agent's key whose public half is declared, else its first."""
    try:
        keys = paramiko.Agent().get_keys()
    except (paramiko.SSHException, OSError) as error:
        _no_agent_key(hop, str(error))
    wanted = {tuple(line.split()[:2]) for line in declared}
    matching = [key for key in keys if tuple(line_of(key).split()) in wanted]
    if matching:
        return matching[0], "ssh-agent, declared"
    if not keys:
        _no_agent_key(hop, "no agent, or one without keys")
    return keys[0], f"the first of {len(keys)} in ssh-agent"


def _no_agent_key(hop: Connection, found: str) -> NoReturn:
    raise SshError(
        Kind.KEY_UNUSABLE,
        hop.name,
        f"expected a key in ssh-agent for {hop.place}, found {found}; run `ssh-add`, and `bastide` "
        "with the same SSH_AUTH_SOCK",
    )
