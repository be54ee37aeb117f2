"""Keys and certificates are made once, are their owner's alone, and verify with OpenSSL."""

import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra import certificates, credentials
from inventory.load import find_estate, load_estate

LAB = load_estate(find_estate("lab"))


def test_everything_is_made_once(tmp_path: Path) -> None:
    first = credentials.ensure(LAB, tmp_path)
    assert first.ssh_keys == ("admin", "audit", "witness")
    assert "authority" in first.certificates
    assert credentials.ensure(LAB, tmp_path).count == 0


def test_private_parts_are_their_owners_alone(tmp_path: Path) -> None:
    credentials.ensure(LAB, tmp_path)
    credentials.passphrase(tmp_path)
    private = [*tmp_path.glob("tls/*.key"), *tmp_path.glob("secrets/*"), tmp_path / "ssh/admin"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_certificates_verify_against_the_authority_for_their_name(tmp_path: Path) -> None:
    credentials.ensure(LAB, tmp_path)
    name = "app.velgora.lab.test"
    tls = tmp_path / "tls"
    command = ["openssl", "verify", "-CAfile", str(tls / "authority.crt"), "-verify_hostname"]
    assert subprocess.run([*command, name, str(tls / f"{name}.crt")], check=False).returncode == 0
    wrong = subprocess.run(
        [*command, "other.test", str(tls / f"{name}.crt")], capture_output=True, check=False
    )
    assert wrong.returncode != 0


def test_a_certificate_near_its_end_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "SERVER_VALID", certificates.RENEW_BEFORE - timedelta(days=1))
    assert certificates.ensure("Test", {"a.test": "192.0.2.1"}, tmp_path) == ("authority", "a.test")
    monkeypatch.undo()
    assert certificates.ensure("Test", {"a.test": "192.0.2.1"}, tmp_path) == ("a.test",)
    assert certificates.ensure("Test", {"a.test": "192.0.2.1"}, tmp_path) == ()


def test_openssh_reads_the_keys(tmp_path: Path) -> None:
    credentials.ensure(LAB, tmp_path)
    shown = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(tmp_path / "ssh" / "admin")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split()[:2] == (tmp_path / "ssh" / "admin.pub").read_text().split()[:2]


def test_a_certificate_that_could_not_show_who_the_host_is_to_others_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_only = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    with monkeypatch.context() as earlier:
        earlier.setattr(certificates, "USES", server_only)
        certificates.ensure("Test", {"a.test": "192.0.2.1"}, tmp_path)

    assert certificates.ensure("Test", {"a.test": "192.0.2.1"}, tmp_path) == ("a.test",)
