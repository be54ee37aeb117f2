"""Small estates for tests of the command, as `bastide init` and a person make them."""

from pathlib import Path

from tests.command import bastide_here

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
TEMPLATE_NETWORK = "10.10.0."


def put_host_keys(estate: Path) -> None:
    """Do what the README asks a person to do: put a host key to every host."""
    for file in [estate / "central.yml", *(estate / "municipalities").glob("*.yml")]:
        text = file.read_text()
        file.write_text(text.replace("    roles:", f"    host_key: {HOST_KEY}\n    roles:"))


def new_estate(folder: Path, *, network: str = TEMPLATE_NETWORK, tier: str = "village") -> Path:
    """Return an estate of existing hosts, finished and with one municipality, `gornjilug`."""
    assert bastide_here("init", str(folder)).returncode == 0
    for name in ("estate.yml", "central.yml"):
        file = folder / name
        file.write_text(file.read_text().replace(TEMPLATE_NETWORK, network))
    add = ("municipality", "add", "Gornji Lug", "--tier", tier, "--estate", str(folder))
    assert bastide_here(*add).returncode == 0
    put_host_keys(folder)
    return folder
