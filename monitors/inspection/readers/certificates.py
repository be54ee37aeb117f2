"""Certificates of services, from the PEM text in their files (RFC 7468)."""

from cryptography import x509

from monitors.inspection.model import Certificate
from monitors.inspection.values import bounded, sections

MOST_NAMES = 100


def read_certificates(certificates: str) -> tuple[Certificate, ...]:
    """Return the first certificate of each file."""
    return bounded(_certificate(file, lines) for file, lines in sections(certificates))


def _certificate(file: str, lines: list[str]) -> Certificate:
    try:
        certificate = x509.load_pem_x509_certificate("\n".join(lines).encode())
        return Certificate(
            file=file,
            names=tuple(_names(certificate)[:MOST_NAMES]),
            issuer=certificate.issuer.rfc4514_string(),
            ends=certificate.not_valid_after_utc.isoformat(),
        )
    except Exception as error:  # noqa: BLE001 (whatever a strange file provokes in the parser)
        return Certificate(file=file, problem=f"cannot be read: {error}")


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return alternative.value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(name.value) for name in names]
