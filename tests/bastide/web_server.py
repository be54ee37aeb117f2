"""TLS and the login of an estate's Prometheus and Alertmanager, for servers of tests."""

import ssl
from base64 import b64encode
from pathlib import Path

import yaml

from bastide.support.estate import EstateContext
from inventory.entries import operations_host
from inventory.web_login import USER, authority_file, hash_file, password_file


def web_file(context: EstateContext, folder: Path) -> Path:
    """Write what `--web.config.file` reads, as the role does."""
    certificate, key = _certificate(context)
    path = folder / "web.yml"
    tls = {"cert_file": str(certificate), "key_file": str(key), "min_version": "TLS13"}
    users = {USER: hash_file(context.state).read_text()}
    path.write_text(yaml.safe_dump({"tls_server_config": tls, "basic_auth_users": users}))
    return path


def server_tls(context: EstateContext) -> ssl.SSLContext:
    """Return what a server of the operations host shows."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*_certificate(context))
    return tls


def client_tls(context: EstateContext) -> ssl.SSLContext:
    """Return whom a client trusts."""
    return ssl.create_default_context(cafile=authority_file(context.state))


def authorization(context: EstateContext) -> str:
    """Return the header that the right login makes."""
    both = f"{USER}:{password_file(context.state).read_text()}".encode()
    return f"Basic {b64encode(both).decode()}"


def _certificate(context: EstateContext) -> tuple[Path, Path]:
    entry = operations_host(context.estate)
    assert entry
    stem = context.state / "tls" / entry.fqdn
    return stem.with_name(f"{stem.name}.crt"), stem.with_name(f"{stem.name}.key")
