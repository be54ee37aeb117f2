"""Accounts, passwords and who may become root."""
# ruff: noqa: S101

import json
from typing import Any

from monitors.security.backends import Host
from monitors.security.facts import settings

# Of a password hash only its scheme is printed: the hash itself never leaves the host.
SHADOW_SCHEMES = (
    r"""awk -F: '{ split($2, p, "$"); s = "des"; if ($2 == "") s = "empty"; """
    r"""if ($2 ~ /^[!*]/) s = "locked"; if ($2 ~ /^[$]/) s = p[2]; print $1, s }' /etc/shadow"""
)
STRONG_SCHEMES = {"y", "gy", "6", "locked"}
UNSHADOWED = "awk -F: '$2 != \"x\" { print $1 }' /etc/passwd"
# In the order in which libpwquality reads them: the last value counts.
QUALITY = "cat /etc/security/pwquality.conf.d/*.conf /etc/security/pwquality.conf 2>/dev/null"
MIN_LENGTH = 14
STRICT_UMASK = 0o027
AUTOMATION = "bastide-"


def test_acc_01_one_root(host: Host) -> None:
    """Root is the only account with user id 0."""
    rows = [line.split(":") for line in host.check_output("getent passwd").splitlines()]
    zero = [row[0] for row in rows if row[2] == "0"]
    assert zero == ["root"], f"accounts with user id 0: {', '.join(zero)}"


def test_acc_02_password_hashes(host: Host) -> None:
    """Every password is locked or stored as yescrypt or SHA-512, in the shadow file."""
    shadow = dict(line.split(" ") for line in host.check_output(SHADOW_SCHEMES).splitlines())
    unshadowed = host.check_output(UNSHADOWED).split()
    weak = [f"{user}: {scheme}" for user, scheme in shadow.items() if scheme not in STRONG_SCHEMES]
    assert not weak, f"weak or empty password: {', '.join(weak)}"
    assert not unshadowed, f"password outside the shadow file: {', '.join(unshadowed)}"


def test_acc_03_password_length(host: Host) -> None:
    """The password module is in force and asks for a long password."""
    in_force = host.run("grep -h '^password.*pam_pwquality' /etc/pam.d/common-password")
    length = int(settings(host.run(QUALITY).stdout).get("minlen", "8"))
    assert in_force.rc == 0, "pam_pwquality is not in /etc/pam.d/common-password"
    assert length >= MIN_LENGTH, f"minlen is {length}, expected at least {MIN_LENGTH}"


def test_acc_04_umask(host: Host) -> None:
    """A login shell takes write access from the group and all access from others."""
    found = int(host.check_output("sh -l -c umask"), 8)
    assert found & STRICT_UMASK == STRICT_UMASK, f"umask is {found:03o}, expected 027 or stricter"


def test_acc_05_sudo(host: Host) -> None:
    """sudo runs in a terminal of its own, and skips the password for automation only."""
    policy = json.loads(host.check_output("cvtsudoers -f json /etc/sudoers"))
    options = [o for d in policy.get("Defaults", []) for o in d.get("Options", [])]
    free = [grant for spec in policy.get("User_Specs", []) for grant in _without_password(spec)]
    assert {"use_pty": True} in options, "use_pty is not among sudo's defaults"
    assert not free, f"sudo asks for no password: {'; '.join(free)}"


def _without_password(spec: dict[str, Any]) -> list[str]:
    """Return what a rule grants without a password, automation's single programs left out."""
    users = [str(value) for user in spec["User_List"] for value in user.values()]
    found = []
    for grant in spec["Cmnd_Specs"]:
        commands = [str(c.get("command", "alias")) for c in grant["Commands"]]
        named = all(user.startswith(AUTOMATION) for user in users) and "ALL" not in commands
        if {"authenticate": False} in grant.get("Options", []) and not named:
            found.append(f"{', '.join(users)} for {', '.join(commands)}")
    return found
