"""What mends each thing that can be missing: one command or line each, as a literal table."""

from dataclasses import dataclass

from inventory.connections import Connection
from monitors.preflight.model import Finding, Mend, Step
from monitors.ssh.failures import Kind, SshFailure
from monitors.ssh.host_keys import fingerprint

CONSOLE = "on the console of {name}"
AS_ROOT = "on {name}, as root"
HERE = "here"
INVENTORY = "in the inventory, at {name}"
AUTHORIZED_KEYS = "~/.ssh/authorized_keys"


@dataclass(frozen=True, slots=True)
class Row:
    """The step that a failure belongs to, where it is mended, and how; both are formats."""

    step: Step
    where: str
    command: str


MENDS: dict[Kind, Row] = {
    Kind.UNREACHABLE: Row(Step.REACHABLE, CONSOLE, "systemctl enable --now ssh; ss -ltn"),
    Kind.TIMEOUT: Row(Step.REACHABLE, CONSOLE, "systemctl enable --now ssh; ss -ltn"),
    Kind.NO_SSH: Row(Step.REACHABLE, CONSOLE, "journalctl -u ssh -n 20; ss -ltnp"),
    Kind.CUT_OFF: Row(Step.REACHABLE, CONSOLE, "journalctl -u ssh -n 20"),
    Kind.FORWARDING_REFUSED: Row(
        Step.REACHABLE,
        "on {jump}, as root",
        "printf 'Match User {jump_user}\\n  AllowTcpForwarding local\\n' "
        ">> /etc/ssh/sshd_config && systemctl reload ssh",
    ),
    Kind.HOST_KEY_UNKNOWN: Row(
        Step.HOST_KEY,
        INVENTORY + ", once `ssh-keygen -lf {key_file}` on its console shows {shown_fingerprint}",
        "{host_key_field}: {shown}",
    ),
    Kind.HOST_KEY_CHANGED: Row(
        Step.HOST_KEY,
        CONSOLE + " (the key that answers here has {shown_fingerprint})",
        "ssh-keygen -lf {key_file}",
    ),
    Kind.KEY_UNUSABLE: Row(Step.LOGIN, HERE, "{get_key}"),
    Kind.LOGIN_REFUSED: Row(
        Step.LOGIN,
        "on {name}, as {user}",
        f"umask 077; mkdir -p ~/.ssh; echo '{{offered}} bastide' >> {AUTHORIZED_KEYS}",
    ),
    Kind.LOGIN_INCOMPLETE: Row(
        Step.LOGIN,
        AS_ROOT,
        "printf 'Match User {user}\\n  AuthenticationMethods publickey\\n' "
        ">> /etc/ssh/sshd_config && systemctl reload ssh",
    ),
    Kind.NO_SHELL: Row(Step.LOGIN, AS_ROOT, "usermod --shell /bin/bash {user}"),
    Kind.NOT_ROOT: Row(Step.SUDO, INVENTORY, "ssh: {{sudo: passwordless}}"),
    Kind.SUDO_MISSING: Row(
        Step.SUDO, AS_ROOT, "apt-get install -y sudo && usermod -aG sudo {user}"
    ),
    Kind.SUDO_REFUSED: Row(Step.SUDO, AS_ROOT, "usermod -aG sudo {user}"),
    Kind.SUDO_ASKS: Row(
        Step.SUDO, INVENTORY, "ssh: {{sudo: password, sudo_password: env:BASTIDE_SUDO}}"
    ),
    Kind.SUDO_PASSWORD: Row(Step.SUDO, HERE, "{get_secret}"),
    Kind.SECRET: Row(Step.SUDO, HERE, "{get_secret}"),
}
"""A row a kind of failure."""


def finding(failure: SshFailure, connection: Connection) -> Finding:
    """Return what a failed login or sudo is to a person: what is wrong, and what mends it."""
    row = MENDS[failure.kind]
    values = _values(failure, hop_of(failure, connection))
    mend = Mend(row.where.format(**values), row.command.format(**values))
    return Finding(row.step, failure.problem, mend)


def hop_of(failure: SshFailure, connection: Connection) -> Connection:
    """Return the machine on the way that failed: the host, or a jump host before it."""
    hop = connection
    while hop.name != failure.name and hop.jump is not None:
        hop = hop.jump
    return hop


def _values(failure: SshFailure, hop: Connection) -> dict[str, str]:
    shown = failure.shown_key or ""
    kind = shown.split()[0].removeprefix("ssh-").split("-")[0] if shown else "ed25519"
    outside = hop.name.endswith(".jump")
    return {
        "name": hop.place if outside else hop.name,
        "user": hop.user,
        "jump": hop.jump.place if hop.jump else "the jump host",
        "jump_user": hop.jump.user if hop.jump else "",
        "key_file": f"/etc/ssh/ssh_host_{kind}_key.pub",
        "shown": shown,
        "shown_fingerprint": fingerprint(shown) if shown else "",
        "host_key_field": "jump_host_key" if outside else "host_key",
        "offered": failure.offered_key or "",
        "get_key": "ssh-add" if hop.key is None else _make_key(hop),
        "get_secret": _get_secret(hop.sudo_password or ""),
    }


def _make_key(hop: Connection) -> str:
    is_ours = hop.key is not None and hop.key.parts[-2:] == ("ssh", "admin")
    return "bastide inventory key" if is_ours else f"ssh-add {hop.key}"


def _get_secret(reference: str) -> str:
    kind, _, rest = reference.partition(":")
    if kind == "env":
        return f"read -rs {rest} && export {rest}"
    if kind == "vault":
        return f"ansible-vault edit {rest.rpartition('#')[0]}"
    return f"(umask 077; cat > {rest})"
