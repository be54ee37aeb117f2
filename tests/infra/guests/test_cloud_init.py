"""What a new machine is told at its first boot."""

import subprocess
from ipaddress import ip_address, ip_interface
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.errors import InfraError
from infra.guests import seed
from infra.guests.cloud_init import NEVER_AGAIN, documents
from infra.guests.guest import Guest, Interface, hardware_address
from infra.ssh_keys import new_key_pair

PAIR = new_key_pair()
LAN = Interface("lan0", ip_interface("10.9.1.10/24"), ip_address("10.9.1.1"), network="hall")


def said(**change: Any) -> dict[str, Any]:
    """Return the documents as cloud-init reads them."""
    plain: dict[str, Any] = {
        "identity": "1",
        "hostname": "velgora-app",
        "user": "root",
        "authorized_keys": ("ssh-ed25519 AAAA admin",),
        "interfaces": (LAN,),
        "resolvers": ("192.0.2.53",),
    }
    texts = documents(Guest(**{**plain, **change}), PAIR)
    assert texts["user-data"].startswith("#cloud-config\n")
    return {name: yaml.safe_load(text) for name, text in texts.items()}


def test_the_host_key_is_given_and_no_other_is_made() -> None:
    data = said()["user-data"]
    assert data["ssh_keys"] == {"ed25519_private": PAIR.private, "ed25519_public": PAIR.public}
    assert data["ssh_deletekeys"]


def test_nobody_logs_in_with_a_password_and_the_images_own_account_is_not_made() -> None:
    data = said()["user-data"]
    assert (data["ssh_pwauth"], data["users"], data["disable_root"]) == (False, [], False)
    assert data["ssh_authorized_keys"] == ["ssh-ed25519 AAAA admin"]


def test_another_login_than_root_gets_the_keys_and_sudo() -> None:
    data = said(user="itadmin")["user-data"]
    assert data["disable_root"]
    assert "ssh_authorized_keys" not in data
    assert data["users"][0]["ssh_authorized_keys"] == ["ssh-ed25519 AAAA admin"]


def test_it_never_acts_again_once_the_machine_is_there() -> None:
    assert said()["user-data"]["runcmd"][-1] == ["touch", NEVER_AGAIN]


@pytest.mark.parametrize("forward", [False, True])
def test_only_an_edge_forwards(forward: bool) -> None:
    assert ("write_files" in said(forward=forward)["user-data"]) is forward


def test_interfaces_are_known_by_their_hardware_and_have_one_way_out() -> None:
    inner = Interface("lan1", ip_interface("2001:db8::5/64"), network="other")
    rows = said(interfaces=(LAN, inner))["network-config"]["ethernets"]
    assert rows["lan0"]["match"] == {"macaddress": hardware_address("velgora-app", "lan0")}
    assert rows["lan0"]["routes"] == [{"to": "0.0.0.0/0", "via": "10.9.1.1"}]
    assert rows["lan0"]["nameservers"] == {"addresses": ["192.0.2.53"]}
    assert rows["lan1"]["addresses"] == ["2001:db8::5/64"]
    assert "routes" not in rows["lan1"]


def test_a_hardware_address_is_the_same_each_time_it_is_created() -> None:
    first = hardware_address("velgora-app", "lan0")
    assert first == hardware_address("velgora-app", "lan0")
    assert first.startswith("52:54:00:")
    assert first != hardware_address("velgora-app", "lan1")


def test_a_seed_without_its_program_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "PROGRAM", "xorriso-of-nobody")
    with pytest.raises(InfraError, match="apt-get install"):
        seed.seed_image({"meta-data": ""})


def test_a_seed_has_the_label_and_the_names_that_cloud_init_looks_for(tmp_path: Path) -> None:
    image = tmp_path / "seed.iso"
    image.write_bytes(seed.seed_image({"user-data": "#cloud-config\n", "meta-data": "{}\n"}))
    listed = subprocess.run(
        ["xorriso", "-indev", str(image), "-find", "/"], capture_output=True, text=True, check=True
    )
    assert "'/user-data'" in listed.stdout
    assert "'/meta-data'" in listed.stdout
    assert "cidata" in listed.stderr
