"""The SSH server's effective settings, and who is logged in, from who(1).

The settings are those of `sshd -T`, then the words of its files, which Match blocks have as well.
"""

from collections.abc import Iterator

from monitors.inspection.model import SshServer
from monitors.inspection.values import bounded, number

KEY_SOURCES = {
    "trustedusercakeys": "TrustedUserCAKeys",
    "authorizedkeyscommand": "AuthorizedKeysCommand",
}
SERVES_FILES = ("subsystem", "forcecommand")
TAKES_PASSWORDS = ("passwordauthentication", "kbdinteractiveauthentication")


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
        key_sources=bounded(dict.fromkeys(_key_sources(sshd))),
        takes_passwords=any("yes" in settings.get(key, ()) for key in TAKES_PASSWORDS),
        own_sftp=any("internal-sftp" in settings.get(key, ()) for key in SERVES_FILES),
    )


def _key_sources(sshd: str) -> Iterator[str]:
    for line in sshd.splitlines():
        key, _, value = line.strip().partition(" ")
        name = KEY_SOURCES.get(key.lower())
        if name and value.strip().lower() not in ("", "none"):
            yield f"{name} {value.strip()}"


def read_sessions(logged_in: str) -> tuple[str, ...]:
    """Return who is logged in now, and from where."""
    rows = (line.split() for line in logged_in.splitlines())
    return bounded(dict.fromkeys(f"{row[0]} {row[-1]}" for row in rows if len(row) > 2))


def _first(settings: dict[str, list[str]], key: str) -> str:
    return next(iter(settings.get(key, ())), "")
