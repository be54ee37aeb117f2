"""The SSH server's effective settings, from `sshd -T`, and who is logged in, from who(1)."""

from monitors.inspection.model import SshServer
from monitors.inspection.values import bounded, number


def read_ssh_server(sshd: str) -> SshServer:
    """Return the settings that decide who may log in and where."""
    settings: dict[str, list[str]] = {}
    for line in sshd.splitlines():
        key, _, value = line.strip().partition(" ")
        settings.setdefault(key.lower(), []).extend(value.split())
    ports = (number(word) for word in settings.get("port", ()))
    return SshServer(
        ports=tuple(port for port in ports if port is not None and port <= 65535),
        permit_root_login=_first(settings, "permitrootlogin"),
        password_authentication=_first(settings, "passwordauthentication"),
        allow_users=bounded(settings.get("allowusers", ())),
        allow_groups=bounded(settings.get("allowgroups", ())),
        deny_users=bounded(settings.get("denyusers", ())),
        deny_groups=bounded(settings.get("denygroups", ())),
        authorized_keys_files=bounded(settings.get("authorizedkeysfile", ())),
    )


def read_sessions(logged_in: str) -> tuple[str, ...]:
    """Return who is logged in now, and from where."""
    rows = (line.split() for line in logged_in.splitlines())
    return bounded(dict.fromkeys(f"{row[0]} {row[-1]}" for row in rows if len(row) > 2))


def _first(settings: dict[str, list[str]], key: str) -> str:
    return next(iter(settings.get(key, ())), "")
