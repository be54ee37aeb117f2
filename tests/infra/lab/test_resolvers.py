from ipaddress import IPv4Address
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.lab.resolvers import resolvers


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_machine_with_loopback_resolvers_only_is_refused(tmp_path: Path) -> None:
    stub = write(tmp_path / "stub", "nameserver 127.0.0.53\nnameserver ::1\n")
    with pytest.raises(InfraError, match="not on loopback"):
        resolvers((stub, tmp_path / "missing"))


def test_behind_a_stub_the_real_resolvers_are_read(tmp_path: Path) -> None:
    stub = write(tmp_path / "stub", "nameserver 127.0.0.53\n")
    real = write(tmp_path / "real", "# by hand\nnameserver 192.0.2.53\nsearch example.test\n")
    assert resolvers((stub, real)) == (IPv4Address("192.0.2.53"),)
