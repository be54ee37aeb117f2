"""Secrets do not leave the host: real hashes and keys, made here, are looked for in the bundle."""

import re
import subprocess
from pathlib import Path

import pytest

from monitors.collection.bundle import pack, unpack
from tests.monitors.audit.collect.test_collector import collect, only

PASSWORD = "correct horse battery"
SALTS = {
    "yescrypt": "$y$j9T$saltsaltsaltsalt$",
    "gost-yescrypt": "$gy$j9T$saltsaltsaltsalt$",
    "scrypt": "$7$CU..../....saltsaltsaltsalt$",
    "bcrypt": "$2b$05$abcdefghijklmnopqrstuu",
    "SHA-512": "$6$rounds=5000$saltsalt$",
    "SHA-256": "$5$saltsalt$",
    "SHA-1": "$sha1$1000$saltsalt$",
    "MD5": "$1$saltsalt$",
    "DES": "ab",
}
# What crypt(3) does not make, in the form that its own programs write it.
OTHERS = {
    "argon2": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$RdescudvJCsgt3ub+b3dWRWJTmaaJObG",
    "PostgreSQL": "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$V1ZFTXFm6M7v0ZB1Xk8LzQ==:Y2hhcmFjdGVycw==",
    "LDAP": "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
    "age": "AGE-SECRET-KEY-1QYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQS",
}
KEYS = {
    "OpenSSH": "ssh-keygen -q -t ed25519 -N '' -f {file}",
    "OpenSSH, RSA in PEM": "ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f {file}",
    "OpenSSH with a passphrase": "ssh-keygen -q -t ed25519 -N secretsecret -f {file}",
    "PKCS 8": "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {file}",
    "PKCS 8, encrypted": "openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret -out {file}",
    "SEC 1": "openssl ecparam -name prime256v1 -genkey -noout -out {file}",
}


def crypt(salt: str) -> str:
    """Hash the password as Debian does (libcrypt, through perl)."""
    code = "print crypt($ARGV[0], $ARGV[1])"
    done = subprocess.run(["perl", "-e", code, PASSWORD, salt], capture_output=True, check=True)
    hashed = done.stdout.decode()
    assert hashed.startswith(salt[:3])
    assert len(hashed) > len(salt)
    return hashed


def arrives(folder: Path, text: str) -> str:
    """Return what of a file's text leaves the host, on both streams, after the wire."""
    file = folder / "secret"
    file.write_text(text)
    recorded = only(collect(folder, f"cat {file}; cat {file} >&2"))
    assert recorded.stdout == recorded.stderr
    return recorded.stdout


@pytest.mark.parametrize("scheme", sorted(SALTS))
def test_of_a_password_hash_only_the_scheme_leaves(tmp_path: Path, scheme: str) -> None:
    line = f"root:{crypt(SALTS[scheme])}:19000:0:99999:7:::\n"

    received = arrives(tmp_path, line)

    prefix = re.match(r"\$[a-z0-9]+\$|", SALTS[scheme])
    assert prefix is not None
    assert received == f"root:{prefix[0]}[redacted]:19000:0:99999:7:::\n"


@pytest.mark.parametrize("scheme", sorted(SALTS))
def test_a_locked_account_still_reads_as_locked(tmp_path: Path, scheme: str) -> None:
    received = arrives(tmp_path, f"root:!{crypt(SALTS[scheme])}:19000:\n")

    assert received.startswith("root:!")
    assert received.endswith("[redacted]:19000:\n")


@pytest.mark.parametrize("kind", sorted(OTHERS))
def test_of_other_secrets_at_most_the_kind_leaves(tmp_path: Path, kind: str) -> None:
    secret = OTHERS[kind]

    received = arrives(tmp_path, f"value = {secret}\nnext line\n")

    assert received.endswith("[redacted]\nnext line\n")
    assert not any(part in received for part in re.split(r"[$:,}]|KEY-1", secret) if len(part) > 15)


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_of_a_private_key_only_its_first_and_last_line_leave(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "key"
    words = [word.strip("'").format(file=file) for word in KEYS[kind].split(" ")]
    subprocess.run(words, check=True, capture_output=True)
    key = file.read_text()
    body = [line for line in key.splitlines() if "-----" not in line]

    for text in (f"before\n{key}after\n", key[: len(key) // 2]):
        received = arrives(tmp_path, text)
        assert "PRIVATE KEY-----[redacted]" in received
        assert not any(line in received for line in body)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('Acquire::http::Proxy "http://me:geheim@proxy:3142";', "http://me:[redacted]@proxy:3142"),
        ("RESTIC_PASSWORD=geheim", "RESTIC_PASSWORD=[redacted]"),
        ("password: 'geheim'", "password: '[redacted]'"),
        ('{"client_secret": "geheim", "id": 7}', '"client_secret": "[redacted]", "id": 7'),
    ],
)
def test_passwords_in_settings_stay_behind(tmp_path: Path, line: str, expected: str) -> None:
    received = arrives(tmp_path, line)

    assert "geheim" not in received
    assert expected in received


@pytest.mark.parametrize(
    "line",
    [
        "passwordauthentication no",
        "password = no",
        "password\trequisite\tpam_pwquality.so retry=3",
        "password [success=1 default=ignore] pam_unix.so obscure yescrypt",
        'DPkg::Options:: "$HOME$PATH";',
        "root:*:19000:0:99999:7:::",
        "root yescrypt",
        "pool ntp.lab.test:123",
        "set $host $1$2;",
        "user:x:1000:1000::/home/user:/bin/sh",
    ],
)
def test_what_checks_judge_is_left_as_it_is(tmp_path: Path, line: str) -> None:
    assert arrives(tmp_path, line) == line


def test_a_secret_that_is_cut_by_the_limit_does_not_leave_in_part(tmp_path: Path) -> None:
    secret = crypt(SALTS["yescrypt"])
    (tmp_path / "long").write_text(f"{'x' * (256 * 1024 - 40)}\n{secret}\n{'y' * 100_000}")

    recorded = only(collect(tmp_path, f"cat {tmp_path}/long"))

    assert recorded.truncated
    assert secret[8:30] not in recorded.stdout


def test_nothing_of_a_secret_is_in_the_packed_bundle_either(tmp_path: Path) -> None:
    secret = crypt(SALTS["SHA-512"])
    (tmp_path / "shadow").write_text(f"root:{secret}:1:\n")
    bundle = collect(tmp_path, f"cat {tmp_path}/shadow")

    assert unpack(pack(bundle)) == bundle
    assert secret[-40:] not in bundle.model_dump_json()
