"""What servers of OpenSSL show and take, weak ones too, which this machine's own policy forbids."""

import asyncio
import base64
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from monitors.outside.document import HttpAnswer, TlsServer
from monitors.outside.tls import Where, tls_server
from tests.monitors.outside import servers
from tests.monitors.outside.servers import (
    HERE,
    NAME,
    Converse,
    certificate,
    http_server,
    says,
    serving,
    silent,
)

WEAK = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")


def shown(
    port: int, starttls: str = "", authorities: tuple[Path, ...] = ()
) -> tuple[TlsServer, HttpAnswer | None]:
    return asyncio.run(tls_server(Where(HERE, port, NAME, starttls), authorities))


@pytest.mark.parametrize(
    ("options", "old", "weak"),
    [
        ((), "", ()),
        (("-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"), "TLS 1.0", ()),
        (("-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0"), "TLS 1.1", ()),
        (
            ("-tls1_2", "-cipher", "AES128-SHA:NULL-SHA256:AECDH-AES256-SHA:@SECLEVEL=0"),
            "",
            ("TLS_ECDH_anon_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_NULL_SHA256"),
        ),
        (("-tls1_3",), "", ()),
    ],
)
def test_old_versions_and_broken_ciphers_are_seen(
    tmp_path: Path, options: tuple[str, ...], old: str, weak: tuple[str, ...]
) -> None:
    with servers.tls_server(certificate(tmp_path), *options) as port:
        server, _ = shown(port)
    assert server.old_version == old, server
    assert tuple(sorted(server.weak_ciphers)) == weak
    assert server.version
    assert not server.problem


def test_a_certificate_is_kept_as_it_came_and_trusted_by_the_estates_authority_only(
    tmp_path: Path,
) -> None:
    file = certificate(tmp_path, bits=1024)
    with servers.tls_server(file, *WEAK) as port:
        stranger, _ = shown(port)
        known, _ = shown(port, authorities=(tmp_path / "absent.crt", file))
    assert "self-signed" in stranger.trust_problem
    assert not known.trust_problem
    leaf = x509.load_der_x509_certificate(base64.b64decode(known.certificates[0]))
    assert leaf.public_key().key_size == 1024  # type: ignore[union-attr]
    assert known.certificates == stranger.certificates


def test_the_first_page_is_asked_for_over_tls(tmp_path: Path) -> None:
    headers = {"Strict-Transport-Security": "max-age=1", "Set-Cookie": "session=secret"}
    with http_server(200, headers, certificate(tmp_path)) as port:
        server, page = shown(port)
    assert page is not None
    assert page.status == 200
    assert page.headers["strict-transport-security"] == "max-age=1"
    assert "session" not in page.model_dump_json()
    assert server.version == "TLSv1.3"


def test_a_server_that_wants_a_certificate_of_ours_has_shown_its_own(tmp_path: Path) -> None:
    options = ("-Verify", "1", "-verify_return_error", "-tls1_2")
    with servers.tls_server(certificate(tmp_path), *options) as port:
        server, page = shown(port)
    assert len(server.certificates) == 1
    assert server.problem
    assert page is None


def upgrading(file: Path, *lines: bytes) -> Converse:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def upgrade(link: object) -> None:
        try:
            with context.wrap_socket(link, server_side=True) as tls:  # type: ignore[arg-type]
                silent(tls)
        except ssl.SSLError:
            pass

    return says(*lines, then=upgrade)


def first_hears(converse: Converse) -> Converse:
    def heard(link: object) -> None:
        link.recv(8)  # type: ignore[attr-defined]
        converse(link)  # type: ignore[arg-type]

    return heard


@pytest.mark.parametrize(
    ("starttls", "lines", "order"),
    [
        ("smtp", (b"220 mail\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go\r\n"), None),
        ("imap", (b"* OK\r\n", b"a OK go\r\n"), None),
        ("pop3", (b"+OK\r\n", b"+OK go\r\n"), None),
        ("ftp", (b"220-files\r\n220 ready\r\n", b"234 go\r\n"), None),
        ("postgresql", (b"S",), first_hears),
    ],
)
def test_services_that_begin_in_clear_are_asked_to_go_over_to_tls(
    tmp_path: Path,
    starttls: str,
    lines: tuple[bytes, ...],
    order: Callable[[Converse], Converse] | None,
) -> None:
    converse = upgrading(certificate(tmp_path), *lines)
    with serving(order(converse) if order else converse) as port:
        server, page = shown(port, starttls)
    assert server.certificates, server.problem
    assert (server.old_version, server.weak_ciphers, page) == ("", (), None)


@pytest.mark.parametrize("answer", [b"502 no\r\n", b"", b"220 \x1b[2J" + b"x" * 80_000])
def test_a_server_that_does_not_go_over_has_a_problem(answer: bytes) -> None:
    with serving(says(b"220 mail\r\n", b"250 mail\r\n", answer)) as port:
        server, _ = shown(port, "smtp")
    assert server.problem
    assert not server.certificates


def test_a_server_that_is_silent_is_given_up() -> None:
    with serving(silent) as port:
        server, _ = shown(port)
    assert "in time" in server.problem
