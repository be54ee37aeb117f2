"""The words beside which secrets stand, and those which are none: tables for every platform.

What stands after a word of secrets and is not known to be harmless is redacted: too much of it
costs a mark, too little a password.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Any of these in a word makes it one that a secret follows, in any case and any compound.
STEMS = re.compile(
    r"pass(?:wor[dt]|wd|phrase|code|key)|pwd|secret|psk|communit(?:y|ies)|credential|token|cookie"
    r"|kennwort|lozink|heslo|senha|contrase|parola|mot-?de-?passe|pre-?shared"
    r"|(?<![A-Za-z0-9])(?:pass|keys?|pin|wep)(?![A-Za-z0-9])"
    r"|(?:api|auth|private|priv|public|shared|crypto|encryption|access|user|host|rsa|dsa|md5|wpa2?"
    r"|wep|server|client|session|master|local|snmp|radius|tacacs|tls|ssl|ssh2?)[_-]?key"
    r"|key-?(?:string|data|value|material|hex|text)|(?-i:[a-z](?:Key|Pin|Pass|Psk)(?![a-z]))",
    re.IGNORECASE,
)

# Settings about secrets that hold none; what follows them stays, unless the second net doubts it.
HARMLESS = _words(
    """
    password-encryption password-policy password-control password-recovery password-complexity
    passwords-policy password-aging password-history password-expire password-storage
    password-length password-min-length minimum-password-length
    key-exchange key-exchange-algorithms hostkey-algorithms host-key-algorithms hostkeyalgorithms
    publickey public-key-authentication password-authentication passwordauthentication
    rootpasswordauth token-ring community-list communities-list expanded-community-list
    extcommunity-list large-community-list send-community send-communities keepalive keep-alive
    secret-data cipher-suite cipher-suites ciphers ssl-cipher ssh-cipher hash-algorithm
    digest-algorithm hash-mode hash-table load-hash pin-mode key-lifetime keylifeseconds keylife
    ssl-min-proto-version keylife-type password-prompt port-hash etherchannel-hash ecmp-hash
    user-credentials-store community-group snmp-community-map
    """
)

# They stand between a word of secrets and its secret.
QUALIFIERS = _words(
    """
    encrypted encrypted-password plaintext plaintext-password plain-text hash hashed cipher simple
    irreversible-cipher sha sha1 sha224 sha256 sha-256 sha384 sha512 sha-512 md5 hmac-md5
    hmac-sha-1 hmac-sha-256 aes des 3des aes128 aes-128 aes192 aes256 aes-256 level key key-string
    ascii ascii-text hexadecimal hex text enc ciphertext scrypt authentication encryption type
    string name read write read-only read-write rsa dsa ecdsa ed25519 generate zeroize modulus
    chain address ipv4 ipv6 hostname host vrf priv auth is are the = : { [ ( ->
    """
)

# They may follow a secret on its line.
AFTER = _words(
    """
    ro rw view access address hostname host vrf privilege role level service class group
    authorization read-only read-write operator unrestricted restricted manager
    network-admin level-15 no-xauth acl ipv4 ipv6 local default timeout auth-port acct-port
    retransmit oobm tls any port exit quit { } [ ] ; ( )
    """
)

# Text that people write follows them: with a word of secrets in it, all of it is redacted.
FREE_TEXT = _words(
    """
    description remark comment comments alias motd banner note notes descr message location contact
    sys-location sys-contact annotation legal-notice information buffer
    """
)
COMMENT = re.compile(r"^\s*(?:[!#;]|/\*|//)+")

# Lines that open a section, by their beginning: no secret stands in them.
SECTIONS = re.compile(r"^(?:\s*config\s[a-z0-9 ._-]+|/[a-z0-9 -]+)$", re.IGNORECASE)
# Nothing that began on the line before goes on after these.
BETWEEN = re.compile(
    r"^\s*(?:[!#]|\}[;,]?|\][;,]?|exit|end|quit|next|return|edit \S+|config [a-z -]+)?\s*$"
)
