"""What each setting of the SSH server may be: all that sshd_config(5) has, from 8.9 to 10.

Closed: a setting that stands in none of the tables is not known, and said to be so.
"""

import re
from fnmatch import fnmatchcase

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
# By which hosts and users prove themselves: no SHA-1 (`ssh-rsa`), no DSA.
PLAIN_SIGNATURES = {
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
}
SIGNATURES = {
    *PLAIN_SIGNATURES,
    *(f"{name}-cert-v01@openssh.com" for name in PLAIN_SIGNATURES),
    "sk-ssh-ed25519@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
    "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
}
ALGORITHMS: dict[str, set[str]] = {
    "ciphers": CIPHERS,
    "macs": MACS,
    "kexalgorithms": KEY_EXCHANGES,
    "hostkeyalgorithms": SIGNATURES,
    "pubkeyacceptedalgorithms": SIGNATURES,
    "pubkeyacceptedkeytypes": SIGNATURES,
    "hostbasedacceptedalgorithms": SIGNATURES,
    "hostbasedacceptedkeytypes": SIGNATURES,
    "casignaturealgorithms": SIGNATURES,
}
KEYS_ONLY_FOR_ROOT = {"no", "prohibit-password", "without-password", "forced-commands-only"}
LOG_LEVELS = {"info", "verbose"}
# Patterns, in lower case; each word of a value has to match one.
ONLY: dict[str, tuple[str, ...]] = {
    "permitrootlogin": tuple(KEYS_ONLY_FOR_ROOT),
    "passwordauthentication": ("no",),
    "kbdinteractiveauthentication": ("no",),
    "challengeresponseauthentication": ("no",),
    "skeyauthentication": ("no",),
    "gssapiauthentication": ("no",),
    "gssapikeyexchange": ("no",),
    "kerberosauthentication": ("no",),
    "hostbasedauthentication": ("no",),
    "ignorerhosts": ("yes",),
    "permitemptypasswords": ("no",),
    "permituserenvironment": ("no",),
    "allowtcpforwarding": ("no",),
    "allowagentforwarding": ("no",),
    "allowstreamlocalforwarding": ("no",),
    "x11forwarding": ("no",),
    "permittunnel": ("no",),
    "gatewayports": ("no",),
    "strictmodes": ("yes",),
    "usepam": ("yes",),
    "pamservicename": ("sshd",),
    "loglevel": tuple(LOG_LEVELS),
    "logverbose": ("none",),
    "authorizedkeyscommand": ("none",),
    "authorizedprincipalscommand": ("none",),
    "trustedusercakeys": ("none",),
    "authenticationmethods": ("any", "publickey", "publickey,*"),
    "acceptenv": ("lang", "lc_*", "language", "colorterm", "no_color", "term"),
    "setenv": ("none",),
    "securitykeyprovider": ("internal",),
    "hostkeyagent": ("none",),
    "hostkey": ("/etc/ssh/*",),
    "hostcertificate": ("/etc/ssh/*", "none"),
    "modulifile": ("/etc/ssh/moduli",),
    "sshdsessionpath": ("/usr/lib/openssh/sshd-session",),
    "sshdauthpath": ("/usr/lib/openssh/sshd-auth",),
    "authorizedkeysfile": (
        ".ssh/authorized_keys",
        ".ssh/authorized_keys2",
        "%h/.ssh/authorized_keys",
        "%h/.ssh/authorized_keys2",
        "none",
        "/etc/ssh/*keys",
    ),
    # The server reads it as root, before anybody has logged in.
    "banner": ("none", "/etc/issue*", "/etc/motd", "/etc/*banner*", "/etc/ssh/*banner*"),
    "pidfile": ("/run/*", "/var/run/*", "none"),
}
# What a user's own shell is given: no second command.
PLAIN_ARGUMENTS = r"( [^;&|`<>()$\n]*)?"
# The only subsystem, by OpenSSH's own programs.
FILE_TRANSFER = re.compile(
    rf"sftp (/usr/lib/(openssh/)?sftp-server|internal-sftp){PLAIN_ARGUMENTS}"
)
# Only root writes where it lies, and it runs no other program.
FORCED = re.compile(
    rf"none|internal-sftp{PLAIN_ARGUMENTS}|echo{PLAIN_ARGUMENTS}"
    r"|((/usr)?(/local)?/s?bin/(?!((ba|da|z|k|c)?sh|env|python|perl|ruby|php|node)\b)[a-z0-9_.+-]+"
    rf"|/usr/(local/)?lib(exec)?/[a-z0-9_./+-]+){PLAIN_ARGUMENTS}"
)
# They narrow, or say how something looks, or count only where something above is let in.
HARMLESS = frozenset(
    {
        *("addressfamily", "listenaddress", "port", "rdomain", "ipqos", "tcpkeepalive"),
        *("printmotd", "printlastlog", "debianbanner", "versionaddendum", "syslogfacility"),
        *("allowusers", "allowgroups", "denyusers", "denygroups", "revokedkeys"),
        *("chrootdirectory", "disableforwarding", "permittty", "permituserrc", "permitopen"),
        *("permitlisten", "pubkeyauthentication", "pubkeyauthoptions", "compression", "usedns"),
        *("clientaliveinterval", "clientalivecountmax", "logingracetime", "maxauthtries"),
        *("maxsessions", "maxstartups", "persourcemaxstartups", "persourcenetblocksize"),
        *("persourcepenalties", "persourcepenaltyexemptlist", "refuseconnection", "rekeylimit"),
        *("unusedconnectiontimeout", "channeltimeout", "exposeauthinfo", "fingerprinthash"),
        *("hostbasedusesnamefrompacketonly", "ignoreuserknownhosts", "requiredrsasize"),
        *("kerberosorlocalpasswd", "kerberosticketcleanup", "kerberosgetafstoken"),
        *("gssapicleanupcredentials", "gssapistrictacceptorcheck", "gssapikexalgorithms"),
        *("gssapistorecredentialsonrekey", "authorizedprincipalsfile", "xauthlocation"),
        *("authorizedkeyscommanduser", "authorizedprincipalscommanduser"),
        *("x11displayoffset", "x11uselocalhost", "streamlocalbindmask", "streamlocalbindunlink"),
        *(
            "useprivilegeseparation",
            "rsaauthentication",
            "keyregenerationinterval",
            "serverkeybits",
        ),
    }
)


def is_allowed(setting: str, value: str) -> bool:
    """Whether a setting may have a value, both in lower case; False for one that is not known."""
    if setting in ALGORITHMS:
        return not weak_algorithms(setting, value)
    if setting == "subsystem":
        return bool(FILE_TRANSFER.fullmatch(value))
    if setting == "forcecommand":
        return bool(FORCED.fullmatch(value)) and ".." not in value
    if setting in ONLY:
        return all(any(_is_like(word, p) for p in ONLY[setting]) for word in value.split())
    return setting in HARMLESS


def _is_like(word: str, pattern: str) -> bool:
    """Whether a word is as a pattern says; of a path, in that very folder and not hidden."""
    if not pattern.startswith("/"):
        return fnmatchcase(word, pattern)
    hidden = any(part.startswith(".") for part in word.split("/"))
    return not hidden and word.count("/") == pattern.count("/") and fnmatchcase(word, pattern)


def weak_algorithms(setting: str, value: str) -> list[str]:
    """Return what a list offers beside the allow-list.

    In a file a list may begin with `+` or `^` (added to the default) or `-` (taken from it).
    """
    if value.startswith("-"):
        return []
    names = value.lstrip("+^").split(",")
    return sorted(name for name in names if name not in ALGORITHMS[setting])
