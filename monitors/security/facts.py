"""Readings that several checks share: one command each, its output as plain Python values.

Two rules keep the recorded bundle complete. A check asks everything before it judges anything,
and no command is built from another command's output.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from monitors.security.backends import Host, UndeterminedError

SSHD_EFFECTIVE = "sshd -T -C user=root,host=localhost,addr=127.0.0.1"
TIME_SERVICES = ("chrony", "systemd-timesyncd", "ntpsec", "ntp", "openntpd")
UPDATE_TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
# Asked together: each call of systemctl costs as much as forty of them in one.
WATCHED_UNITS = (*TIME_SERVICES, *UPDATE_TIMERS, "snmpd")
# Services over TLS, each with two handshakes: any version it likes, and none but old ones, which
# the host's own policy would refuse before the server is asked. Of what openssl prints only lines
# without secrets are kept: dates and key of the certificate, verdict, alerts, HTTP headers.
TLS_PORTS = (443, 19532)
TLS_SHOWN = "^ +[av]:|^Verify return|^New, |^HTTP/|^[A-Za-z][A-Za-z-]*: |alert"
TLS_QUESTION = (
    f"for p in $(ss -ltnH | grep -oE ':({'|'.join(map(str, TLS_PORTS))}) ' | tr -d : | sort -u); "
    "do "
    'echo "port $p"; '
    r"printf 'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' | "
    "timeout 10 openssl s_client -connect 127.0.0.1:$p -servername $(hostname -f) "
    "-CAfile /etc/bastide/authority.crt -ign_eof 2>&1 | "
    f"grep -E '{TLS_SHOWN}' | grep -vi '^set-cookie'; "
    "timeout 10 openssl s_client -connect 127.0.0.1:$p -cipher DEFAULT@SECLEVEL=0 "
    "-min_protocol TLSv1 -max_protocol TLSv1.1 </dev/null 2>&1 | sed -n 's/^New, /old: /p'; "
    "done; date +%s"
)


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file's access bits and owners, as stat prints them."""

    path: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that waits for others: address without interface, port, program."""

    protocol: str
    address: str
    port: int
    program: str

    @property
    def is_local(self) -> bool:
        """Whether only programs of the same host can reach it."""
        return self.address.startswith(("127.", "[::1]", "[::ffff:127."))


def sshd_settings(host: Host) -> dict[str, str]:
    """Return the SSH server's effective settings with all drop-ins, keys in lower case."""
    lines = host.check_output(SSHD_EFFECTIVE).splitlines()
    return dict(line.lower().split(" ", 1) for line in lines if " " in line)


def sysctls(host: Host, *names: str) -> dict[str, str]:
    """Return running kernel parameters; those that the kernel does not have are left out."""
    return _assignments(host.run(f"sysctl -e {' '.join(names)}").stdout)


def interface_sysctls(host: Host, *leaves: str) -> dict[str, str]:
    """Return the per-interface network parameters with these last names, loopback left out."""
    # `sysctl -a` walks the whole tree for this: twenty times dearer.
    patterns = " ".join(f"/proc/sys/net/ipv[46]/conf/*/{leaf}" for leaf in leaves)
    rows = (line.partition(":") for line in host.run(f"grep -sH . {patterns}").stdout.splitlines())
    return {path: value for path, _, value in rows if "/conf/lo/" not in path}


def _assignments(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def container(host: Host) -> str | None:
    """Return the kind of container that the host is, or None."""
    kind = host.run("systemd-detect-virt --container").stdout.strip()
    return kind if kind not in ("", "none") else None


def skip_in_container(kind: str | None, what: str) -> None:
    """Skip a check whose subject belongs to the kernel of the machine outside the container."""
    if kind:
        pytest.skip(f"{kind} container: {what} belong to the machine outside")


def files(host: Host, *paths: str) -> tuple[FileFact, ...]:
    """Return those of the paths that exist; shell patterns are allowed."""
    text = host.run(f"stat -L -c '%n %a %U %G' {' '.join(paths)} 2>/dev/null").stdout
    rows = (line.rsplit(" ", 3) for line in text.splitlines())
    return tuple(FileFact(path, int(mode, 8), owner, group) for path, mode, owner, group in rows)


def loose_files(found: tuple[FileFact, ...], most: int) -> tuple[str, ...]:
    """Say which files allow more than the mode or are not root's; their group may be shadow."""
    return tuple(
        f"{f.path} is {f.mode:04o} {f.owner}:{f.group}, expected at most {most:04o} root"
        for f in found
        if f.mode & ~most or f.owner != "root" or f.group not in ("root", "shadow")
    )


def listeners(host: Host) -> tuple[Listener, ...]:
    """Return every listening TCP and UDP socket."""
    rows = host.check_output("ss -H -tulnp").splitlines()
    return tuple(_listener(row.split()) for row in rows)


def _listener(words: list[str]) -> Listener:
    address, _, port = words[4].rpartition(":")
    program = words[6].split('"')[1] if len(words) > 6 and '"' in words[6] else "?"
    return Listener(words[0], address.split("%")[0], int(port), program)


def firewall(host: Host) -> list[dict[str, Any]]:
    """Return the live nftables rule set as libnftables-json(5) objects; empty when none."""
    out = host.run("nft -j list ruleset")
    if out.rc != 0:
        return []
    objects: list[dict[str, Any]] = json.loads(out.stdout)["nftables"]
    return objects


def active_units(host: Host, *units: str) -> tuple[str, ...]:
    """Return which of the systemd units (of those in WATCHED_UNITS) are active now."""
    states = host.run(f"systemctl is-active {' '.join(WATCHED_UNITS)}").stdout.split()
    active = {unit for unit, state in zip(WATCHED_UNITS, states, strict=True) if state == "active"}
    return tuple(unit for unit in units if unit in active)


def manager_settings(host: Host) -> dict[str, str]:
    """Return what systemd itself was told: core dumps of services, keys that restart."""
    asked = "systemctl show --property=DefaultLimitCORE,CtrlAltDelBurstAction"
    return _assignments(host.check_output(asked))


def settings(text: str) -> dict[str, str]:
    """Return `key = value` lines of a configuration file, the last of each key, no comments."""
    lines = (line.split("#", 1)[0] for line in text.splitlines())
    return _assignments("\n".join(lines))


def kept_result(host: Host, path: str, hours: float) -> tuple[dict[str, Any], float]:
    """Return what a timer on the host last wrote as JSON, and the host's time of asking.

    Its `at` is when it was written: seconds since 1970, or ISO 8601. UndeterminedError when there
    is none, when another than root could have written it, or when it is older than `hours`.
    """
    out = host.run(f"date +%s && stat -c '%U %a' {path} && cat {path}").stdout
    asked, _, rest = out.partition("\n")
    access, _, content = rest.partition("\n")
    if not content:
        raise UndeterminedError(f"{path} is not there: its timer on the host has not run yet")
    owner, mode = access.split()
    if owner != "root" or int(mode, 8) & 0o022:
        raise UndeterminedError(f"{path} is {owner}'s with mode {mode}: others may have written it")
    found: dict[str, Any] = json.loads(content)
    at = found["at"]
    written = datetime.fromisoformat(at).timestamp() if isinstance(at, str) else float(at)
    age = (float(asked) - written) / 3600
    if not -0.1 <= age <= hours:
        raise UndeterminedError(f"{path} is {age:.1f} h old, expected {hours:.0f} h at most")
    return found, float(asked)


def tls_answers(host: Host) -> tuple[dict[int, str], float]:
    """Return what each TLS service of the host says, by port, and the host's time of asking."""
    *lines, asked = host.run(TLS_QUESTION).stdout.splitlines()
    found: dict[int, str] = {}
    for line in lines:
        if line.startswith("port "):
            port = int(line.removeprefix("port "))
            found[port] = ""
        else:
            found[port] += f"{line}\n"
    return found, float(asked)
