"""The SSH server, judged by what `sshd -T` says is in force with every drop-in."""
# ruff: noqa: S101

from monitors.security.backends import Host
from monitors.security.facts import sshd_settings

KEYS_ONLY_FOR_ROOT = {"no", "prohibit-password", "without-password", "forced-commands-only"}
MAX_TRIES = 4
MAX_GRACE_SECONDS = 60

CIPHERS = {
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
}
MACS = {
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "umac-128-etm@openssh.com",
}
KEY_EXCHANGES = {
    "mlkem768x25519-sha256",
    "sntrup761x25519-sha512",
    "sntrup761x25519-sha512@openssh.com",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
}


def test_ssh_01_root_needs_a_key(host: Host) -> None:
    """Root logs in with a key or not at all."""
    found = sshd_settings(host)["permitrootlogin"]
    assert found in KEYS_ONLY_FOR_ROOT, (
        f"permitrootlogin is {found}, expected no or prohibit-password"
    )


def test_ssh_02_keys_only(host: Host) -> None:
    """No password and no keyboard-interactive login; public keys work."""
    _expect(
        sshd_settings(host),
        passwordauthentication="no",
        kbdinteractiveauthentication="no",
        pubkeyauthentication="yes",
    )


def test_ssh_03_login_limits(host: Host) -> None:
    """Few tries, a short time to log in, and dead sessions are noticed."""
    found = sshd_settings(host)
    tries, grace = int(found["maxauthtries"]), int(found["logingracetime"])
    interval = int(found["clientaliveinterval"])
    assert tries <= MAX_TRIES, f"maxauthtries is {tries}, expected at most {MAX_TRIES}"
    assert 0 < grace <= MAX_GRACE_SECONDS, (
        f"logingracetime is {grace}, expected 1 to {MAX_GRACE_SECONDS} seconds"
    )
    assert interval > 0, "clientaliveinterval is 0, expected a positive number of seconds"


def test_ssh_04_strong_algorithms(host: Host) -> None:
    """Only algorithms of the allow-lists are offered."""
    found = sshd_settings(host)
    allowed = {"ciphers": CIPHERS, "macs": MACS, "kexalgorithms": KEY_EXCHANGES}
    for setting, good in allowed.items():
        weak = sorted(set(found[setting].split(",")) - good)
        assert not weak, f"{setting} also offers {', '.join(weak)}"


def test_ssh_05_no_forwarding(host: Host) -> None:
    """No port, agent, screen or tunnel is forwarded."""
    _expect(
        sshd_settings(host),
        allowtcpforwarding="no",
        allowagentforwarding="no",
        allowstreamlocalforwarding="no",
        x11forwarding="no",
        permittunnel="no",
        gatewayports="no",
    )


def test_ssh_06_no_borrowed_trust(host: Host) -> None:
    """Nobody gets in on an empty password, another host's word or their own environment."""
    _expect(
        sshd_settings(host),
        permitemptypasswords="no",
        hostbasedauthentication="no",
        ignorerhosts="yes",
        permituserenvironment="no",
        usepam="yes",
    )


def _expect(found: dict[str, str], **expected: str) -> None:
    wrong = [
        f"{setting} is {found.get(setting, 'not set')}, expected {value}"
        for setting, value in expected.items()
        if found.get(setting) != value
    ]
    assert not wrong, "; ".join(wrong)
