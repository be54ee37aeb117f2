"""The certificate that a service shows: its term, and why a browser would refuse it.

blackbox_exporter knows when a certificate ends, but neither when it began nor, of one that was
refused, the reason: nothing of a failed handshake is in its metrics.
"""

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily, Metric

from inventory.entries import services
from inventory.enums import CertificateTrust
from inventory.model.estate import Estate

HTTPS_PORT = 443
# OpenSSL's X509_V_ERR_… in words; all others are about the chain to an authority.
REFUSALS = {
    9: "has not begun yet",
    10: "has ended",
    62: "is for another name",
    64: "is for another address",
}
UNKNOWN_AUTHORITY = "is of no authority that browsers know"


@dataclass(frozen=True, slots=True)
class CertificateTarget:
    """A server of TLS, and whether browsers have to accept its certificate."""

    host: str
    port: int
    must_be_trusted: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate's term, and why browsers refuse it: empty when they do not."""

    begins: datetime
    ends: datetime
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class CertificateFamilies:
    """What was seen of a service as metrics; of one that showed nothing only that."""

    seen: Certificate | None

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield GaugeMetricFamily(
            "bastide_certificate_success", "Whether a certificate was shown.", bool(self.seen)
        )
        if self.seen is None:
            return
        yield GaugeMetricFamily(
            "bastide_certificate_begins_timestamp_seconds",
            "First second of the certificate's term.",
            self.seen.begins.timestamp(),
        )
        yield GaugeMetricFamily(
            "bastide_certificate_ends_timestamp_seconds",
            "Last second of the certificate's term.",
            self.seen.ends.timestamp(),
        )
        refused = GaugeMetricFamily(
            "bastide_certificate_refused",
            "1 when browsers refuse it, and why.",
            labels=("finding",),
        )
        if self.seen.refusal:
            refused.add_metric((self.seen.refusal,), 1)
        yield refused


def certificate_targets(estate: Estate) -> Mapping[str, CertificateTarget]:
    """Return every service with an https address by its name."""
    found = {}
    for entry in services(estate):
        url = urlsplit(entry.service.url)
        if url.scheme == "https" and url.hostname:
            trusted = entry.service.certificate is CertificateTrust.AUTHORITIES
            found[entry.name] = CertificateTarget(url.hostname, url.port or HTTPS_PORT, trusted)
    return found


async def see(target: CertificateTarget, authority: Path, seconds: float) -> CertificateFamilies:
    """Look at a server's certificate; ``authority``: one to trust beside the system's."""
    try:
        async with asyncio.timeout(seconds):
            return CertificateFamilies(await _shown(target, authority))
    except (OSError, ValueError):  # TimeoutError and all of ssl's are OSErrors
        return CertificateFamilies(None)


async def _shown(target: CertificateTarget, authority: Path) -> Certificate:
    if not target.must_be_trusted:
        return _read(await _handshake(target, _anything()))
    try:
        changed = authority.stat().st_mtime if authority.exists() else 0.0
        return _read(await _handshake(target, _trusting(authority, changed)))
    except ssl.SSLCertVerificationError as error:
        refusal = REFUSALS.get(error.verify_code, UNKNOWN_AUTHORITY)
    return _read(await _handshake(target, _anything()), refusal)


async def _handshake(target: CertificateTarget, context: ssl.SSLContext) -> bytes:
    """Return the server's certificate in DER."""
    _, writer = await asyncio.open_connection(
        target.host, target.port, ssl=context, server_hostname=target.host
    )
    try:
        return bytes(writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b"")
    finally:
        writer.close()


def _read(der: bytes, refusal: str = "") -> Certificate:
    shown = x509.load_der_x509_certificate(der)
    return Certificate(shown.not_valid_before_utc, shown.not_valid_after_utc, refusal)


@lru_cache(maxsize=2)
def _trusting(authority: Path, changed: float) -> ssl.SSLContext:
    """Return what a browser trusts; ``changed`` so that a renewed authority is read."""
    context = ssl.create_default_context()
    if changed:
        context.load_verify_locations(authority)
    return context


@lru_cache(maxsize=1)
def _anything() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
