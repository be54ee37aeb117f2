"""Where each platform writes secrets that no word beside them tells, as patterns.

In each the group `s` is the secret; a line may match several times. They come before the words.
"""

import re

from inventory.enums import Platform


def _all(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


VALUE = r"""(?P<s>"(?:\\.|[^"\\])*"|'[^']*'|\S+)"""
TYPE = r"(?:\d{1,2}\s+|encrypted\s+|plaintext\s+|ciphertext\s+|cipher\s+|simple\s+)?"

GENERIC = _all(
    # Crypt's forms, Junos's, Comware's: $1$, $5$, $6$, $9$, $c$3$, $h$6$, $2y$, $pbkdf2…$.
    r"(?P<s>(?<![^\s\"'=:,;({\[])\$(?:[0-9]{1,2}[a-z]?|[a-z]|2[aby]|c|h|y|gy|md5|sha\w*|scrypt"
    r"|argon2\w*|pbkdf2\S*?)\$[^\s\"';]+)",
    r"(?P<s>\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[^}]*)\}[^\s\"';]+)",
    # A login in an address.
    r"(?<=://)[^\s/:@]*:(?P<s>[^\s/]+)@",
    r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w+|sk-\S+)\s+(?P<s>AAAA[A-Za-z0-9+/=]+)",
    # A certificate or a key as ASN.1 writes them, in base64.
    r"(?<![A-Za-z0-9+/])(?P<s>MI[IGEC][A-Za-z0-9+/]{20,}=*)",
    # Keys of WireGuard, which are all of one form.
    r"(?<![A-Za-z0-9+/])(?P<s>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)(?![A-Za-z0-9+/=])",
    rf"\bauthorization\b\W+(?:basic|bearer)\s+{VALUE}",
)

_CISCO = _all(
    rf"\bsnmp-server\s+community\s+{TYPE}{VALUE}",
    rf"\bsnmp-server\s+host\s+\S+\s+(?:vrf\s+\S+\s+)?(?:traps?\s+|informs?\s+)?"
    rf"(?:version\s+(?:1|2c|3\s+\S+)\s+)?{TYPE}{VALUE}",
    rf"\bsnmp-server\s+user\b.*?\bauth\s+(?:md5|sha\S*)\s+(?:\d{{3}}\s+)?{TYPE}{VALUE}",
    rf"\bsnmp-server\s+user\b.*?\bpriv\s+(?:(?:des56|des|3des|aes)(?:-?\d+)?\s+)?(?:\d{{3}}\s+)?"
    rf"{TYPE}{VALUE}",
    rf"\b(?:standby|vrrp|glbp)\s+(?:\d+\s+)?authentication\s+(?:text\s+|md5\s+key-string\s+)?"
    rf"{TYPE}{VALUE}",
    rf"\bsnmpv3\s+user\b.*?\bauth\s+(?:md5|sha\S*)\s+(?:auth-pass\s+)?{TYPE}{VALUE}",
    rf"\bsnmpv3\s+user\b.*?\bpriv\s+(?:(?:des|aes)\S*\s+)?(?:priv-pass\s+)?{TYPE}{VALUE}",
    rf"^\s*authentication\s+mode\s+hmac-sha-256\s+{TYPE}{VALUE}",
    rf"\bntp\s+authentication-key\s+\d+\s+\S+\s+{TYPE}{VALUE}",
    rf"\bmessage-digest-key\s+\d+\s+\S+\s+{TYPE}{VALUE}",
    rf"\bisakmp\s+key\s+{TYPE}{VALUE}",
    rf"\b(?:area-password|domain-password)\s+{TYPE}{VALUE}",
    rf"\bneighbor\s+\S+\s+password\s+{TYPE}{VALUE}",
    rf"\bnhrp\s+authentication\s+{TYPE}{VALUE}",
    rf"\b(?:isis|eigrp)\s+authentication\s+{TYPE}{VALUE}",
)
_H3C = _all(
    rf"\bsnmp-agent\s+community\s+(?:read|write)\s+{TYPE}{VALUE}",
    rf"\bsnmp-agent\s+target-host\b.*?\bsecurityname\s+{TYPE}{VALUE}",
    rf"\bsnmp-agent\s+usm-user\b.*?\bauthentication-mode\s+\S+\s+{TYPE}{VALUE}",
    rf"\bsnmp-agent\s+usm-user\b.*?\bprivacy-mode\s+\S+\s+{TYPE}{VALUE}",
    rf"\b(?:authentication-mode|authentication)\s+(?:hmac-\S+|md5|simple)\s+(?:\d+\s+)?"
    rf"(?:cipher|plain|simple)?\s*{VALUE}",
    rf"\bauthentication-keyid\s+\d+\s+authentication-mode\s+\S+\s+{TYPE}{VALUE}",
    rf"\b(?:cipher|simple|irreversible-cipher)\s+(?!password\b|key\b){VALUE}",
)
_SET = _all(  # Junos, VyOS and EdgeOS, as `set` lines or in braces
    rf"\bcommunity\s+(?!\d+:\d+){VALUE}",
    rf"\b(?:authentication|privacy)-(?:password|key)\s+{VALUE}",
    rf"\b(?:simple-password|md5\s+\d+\s+key|plaintext-key|encrypted-key|md5-key)\s+{VALUE}",
    rf"\bmd5\s+key-id\s+\d+\s+md5-key\s+{VALUE}",
)
_ROUTEROS = _all(
    rf"\b(?:[\w-]*(?:password|passphrase|secret|key|psk|token|community|pin))={VALUE}",
    rf"/snmp\s+community\s+(?:add|set)\b.*?\bname={VALUE}",
    rf"\bwpa2?-pre-shared-key={VALUE}",
)
_FORTIOS = _all(r"\bENC\s+(?P<s>\S+)")
_OPENWRT = _all(
    rf"\boption\s+(?:key\d?|sae_password|auth_secret|acct_secret|psk\w*|community|secname)\s+{VALUE}",
    rf"\.(?:key\d?|sae_password|auth_secret|psk\w*|community)={VALUE}",
)

PATTERNS: dict[Platform, tuple[re.Pattern[str], ...]] = {
    Platform.IOS: _CISCO,
    Platform.EOS: _CISCO,
    Platform.PROCURVE: _CISCO,
    Platform.ARUBA_CX: _CISCO,
    Platform.COMWARE: _H3C,
    Platform.VRP: _H3C,
    Platform.JUNOS: _SET,
    Platform.VYOS: _SET,
    Platform.EDGEOS: _SET,
    Platform.ROUTEROS: _ROUTEROS,
    Platform.FORTIOS: _FORTIOS,
    Platform.OPENWRT: _OPENWRT,
}

# Where a secret is called a name: what begins the section, what ends it, and the secret in it.
INSIDE: tuple[tuple[re.Pattern[str], ...], ...] = (
    _all(r"^\s*config system snmp community", r"^\s*config (?!hosts)", rf"^\s*set name {VALUE}"),
    _all(r"^/snmp community", r"^/", rf"\bname={VALUE}"),
)

# Encrypted anew each time that it is shown: a mark of it would be a change every time.
SALTED = re.compile(r"\bENC\s+\S*$", re.IGNORECASE)

# Blocks that are redacted from where they begin to where they end; the first line of those with a
# name stays.
BLOCKS: tuple[tuple[re.Pattern[str], re.Pattern[str], bool], ...] = tuple(
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE), named)
    for begin, end, named in (
        (r"-----BEGIN[ A-Z0-9]*-----", r"-----END[ A-Z0-9]*-----", False),
        (r"---- BEGIN [ A-Z0-9]*----", r"---- END [ A-Z0-9]*----", False),
        (
            r"^\s*certificate\s+(?:(?:self-signed|ca|rollover)\s+)?[0-9a-f]+$",
            r"^\s*quit\s*$",
            True,
        ),
        (r"^\s*key-string\s*$", r"^\s*(?:quit|exit)\s*$", True),
        (r"^\s*public-key-code\s+begin\s*$", r"^\s*public-key-code\s+end\s*$", True),
        (r"^\s*<(?:cert|key|ca|tls-auth|tls-crypt)>$", r"^\s*</(?:cert|key|ca|tls-\w+)>$", True),
    )
)
