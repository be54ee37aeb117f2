from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from infra.lab.first_boot import MachineSpec, first_boot_files, write_files
from infra.lab.networks import Interface
from infra.ssh_keys import new_key_pair
from tests.infra.lab.own_lab import KEY

EDGE = MachineSpec(
    "velgora-edge",
    (
        Interface("wan0", "wan", IPv4Interface("10.77.255.11/24"), IPv4Address("10.77.255.1")),
        Interface("lan0", "velgora-hall", IPv4Interface("10.77.1.1/24")),
    ),
    (KEY,),
    forward=True,
    package_cache="http://10.77.0.1:3142",
)
RESOLVERS = (IPv4Address("192.0.2.53"),)


def test_an_edge_is_managed_at_its_lan_address_and_forwards() -> None:
    files = {file.path: file.text for file in first_boot_files(EDGE, new_key_pair(), RESOLVERS)}
    assert EDGE.address == "10.77.1.1"
    assert files["etc/systemd/network/10-wan0.network"].splitlines() == [
        "[Match]",
        "Name=wan0",
        "",
        "[Network]",
        "Address=10.77.255.11/24",
        "Gateway=10.77.255.1",
        "IPForward=yes",
    ]
    assert "Gateway" not in files["etc/systemd/network/10-lan0.network"]


def test_private_files_are_private_and_folders_keep_the_images_modes(tmp_path: Path) -> None:
    image, root = tmp_path / "image", tmp_path / "upper"
    (image / "etc/ssh").mkdir(parents=True, mode=0o755)
    (image / "root").mkdir(mode=0o700)
    root.mkdir()
    write_files(root, image, first_boot_files(EDGE, new_key_pair(), RESOLVERS))
    modes = {
        path: oct((root / path).stat().st_mode & 0o777)
        for path in ("etc/ssh", "etc/ssh/ssh_host_ed25519_key", "root", "root/.ssh")
    }
    assert modes == {
        "etc/ssh": "0o755",
        "etc/ssh/ssh_host_ed25519_key": "0o600",
        "root": "0o700",
        "root/.ssh": "0o700",
    }


def test_machines_get_keys_and_identities_of_their_own() -> None:
    one, other = (
        {f.path: f.text for f in first_boot_files(EDGE, new_key_pair(), ())} for _ in "ab"
    )
    own = {path for path in one if one[path] != other[path]}
    assert own == {
        "etc/machine-id",
        "etc/ssh/ssh_host_ed25519_key",
        "etc/ssh/ssh_host_ed25519_key.pub",
    }


def test_a_key_pair_never_shows_its_private_half() -> None:
    assert "PRIVATE" not in repr(new_key_pair())


def test_where_user_namespaces_are_refused_no_service_asks_for_one() -> None:
    without = {
        file.path: file.text
        for file in first_boot_files(EDGE, new_key_pair(), RESOLVERS, user_namespaces=False)
    }
    assert "PrivateUsers=no" in without["etc/systemd/system/service.d/10-lab.conf"]
    usual = {file.path for file in first_boot_files(EDGE, new_key_pair(), RESOLVERS)}
    assert "etc/systemd/system/service.d/10-lab.conf" not in usual
