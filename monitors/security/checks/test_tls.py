"""Web services over TLS, asked on the socket that citizens reach."""
# ruff: noqa: S101

import re

from monitors.security.backends import Host

CLIENT = "openssl s_client -connect 127.0.0.1:443 {} </dev/null 2>/dev/null"
CERTIFICATE = CLIENT.format("") + " | openssl x509 -noout -text"
STILL_VALID = CLIENT.format("") + " | openssl x509 -noout -checkend 1209600"
# SECLEVEL 0, or the host's own policy would refuse before the server is asked.
OLD_VERSION = CLIENT.format("-cipher DEFAULT@SECLEVEL=0 {}") + " | grep -E '^ *New, '"
OLD_VERSIONS = ("-tls1", "-tls1_1")
MIN_BITS = {"rsa": 2048, "ec": 256}


def test_tls_01_certificate_and_versions(host: Host) -> None:
    """The certificate is strong and good for two weeks; TLS 1.1 and older are refused."""
    text = host.run(CERTIFICATE).stdout
    valid = host.run(STILL_VALID)
    old = {version: host.run(OLD_VERSION.format(version)).stdout for version in OLD_VERSIONS}
    assert "Public-Key:" in text, "nothing answers with a certificate on port 443"
    assert valid.rc == 0, "the certificate ends within 14 days, or has ended"
    kind = "ec" if "id-ecPublicKey" in text else "rsa"
    bits = int(re.search(r"Public-Key: \((\d+) bit", text)[1])  # type: ignore[index]
    ed25519 = "ED25519" in text
    assert ed25519 or bits >= MIN_BITS[kind], f"the {kind} key has {bits} bits"
    spoken = [version for version, out in old.items() if "Cipher is (NONE)" not in out]
    assert not spoken, f"the server still speaks {', '.join(spoken)}"
