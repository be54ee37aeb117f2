"""The estate's own certificate authority, for names that no public authority would certify."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inventory.files import write_whole

AUTHORITY_VALID = timedelta(days=3650)
SERVER_VALID = timedelta(days=397)
RENEW_BEFORE = timedelta(days=45)
CLOCK_SKEW = timedelta(hours=1)
# A host is a server to citizens and a client to the log receiver, under one name.
USES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def random_text() -> str:
    """Return 32 characters of randomness fit for a passphrase."""
    return secrets.token_urlsafe(24)


def ensure(title: str, addresses: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Make the authority and each host's certificate where missing, expiring or not its own.

    `addresses` are the hosts' by their full names: a certificate is for both.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority_file = folder / "authority.crt"
    made = []
    if not authority_file.exists():
        _make_authority(title, folder)
        made.append("authority")
    authority = x509.load_pem_x509_certificate(authority_file.read_bytes())
    for name, address in addresses.items():
        names = x509.SubjectAlternativeName(
            [x509.DNSName(name), x509.IPAddress(ip_address(address))]
        )
        if not _is_good(folder / f"{name}.crt", authority, names):
            _make_host(name, names, authority, folder)
            made.append(name)
    return tuple(made)


def _is_good(file: Path, authority: x509.Certificate, names: x509.SubjectAlternativeName) -> bool:
    if not (file.exists() and file.with_suffix(".key").exists()):
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_ours = certificate.issuer == authority.subject and uses == USES and shown == names
    return is_ours and left > RENEW_BEFORE


def _make_authority(title: str, folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{title} authority")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, name, key.public_key(), AUTHORITY_VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    _write(folder / "authority", builder.sign(key, hashes.SHA256()), key)


def _make_host(
    name: str, names: x509.SubjectAlternativeName, authority: x509.Certificate, folder: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = load_pem_private_key((folder / "authority.key").read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{folder / 'authority.key'}: expected an elliptic-curve private key")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = (
        _builder(subject, authority.subject, key.public_key(), SERVER_VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .add_extension(USES, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    _write(folder / name, builder.sign(signer, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + valid)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _write(stem: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write the key before the certificate, so that a certificate never lacks its key."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.PEM)
    write_whole(stem.with_name(f"{stem.name}.key"), private)
    write_whole(stem.with_name(f"{stem.name}.crt"), public, mode=0o644)
