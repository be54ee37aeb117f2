"""What provisioning hands to the rest: one file of stack outputs per estate."""

from pathlib import Path

from pydantic import Field, ValidationError

from inventory.enums import ProviderName
from inventory.frozen import Frozen
from inventory.scalars import HostKey


class HostOutput(Frozen):
    """A provisioned host: where it answers and the SSH host key it was made with."""

    address: str
    host_key: HostKey
    provider: ProviderName


class DeviceOutput(Frozen):
    """A provisioned device: where its SNMP agent answers."""

    address: str
    provider: ProviderName


class Outputs(Frozen):
    """The stack outputs of an estate; `<state>/outputs.json`."""

    estate: str
    hosts: dict[str, HostOutput] = Field(default_factory=dict)
    devices: dict[str, DeviceOutput] = Field(default_factory=dict)
    resolvers: tuple[str, ...] = ()
    package_cache: str | None = None

    def known_hosts(self) -> str:
        """Return the lines of an OpenSSH known_hosts file, one host key a line."""
        lines = (f"{name},{out.address} {out.host_key}\n" for name, out in self.hosts.items())
        return "".join(sorted(lines))

    def ssh_config(self, state: Path) -> str:
        """Return an OpenSSH client configuration: `ssh -F FILE velgora-app` logs in."""
        lines = [
            "Host *",
            "  User root",
            f"  IdentityFile {state / 'ssh' / 'admin'}",
            "  IdentitiesOnly yes",
            f"  UserKnownHostsFile {state / 'ssh' / 'known_hosts'}",
            "  StrictHostKeyChecking yes",
        ]
        for name, out in sorted(self.hosts.items()):
            lines += [f"Host {name}", f"  HostName {out.address}", f"  HostKeyAlias {name}"]
        return "\n".join(lines) + "\n"


class OutputsError(Exception):
    """The outputs file is missing or not what provisioning writes."""


def outputs_path(state: Path) -> Path:
    """Return where an estate's outputs are kept."""
    return state / "outputs.json"


def load_outputs(state: Path) -> Outputs:
    """Read an estate's outputs; OutputsError says which command makes them."""
    path = outputs_path(state)
    try:
        # Another version of Bastide may have written more.
        return Outputs.model_validate_json(path.read_bytes(), extra="ignore")
    except FileNotFoundError:
        raise OutputsError(
            f"{path}: not there: nothing is provisioned yet; run `bastide infra up` first"
        ) from None
    except ValidationError as error:
        raise OutputsError(
            f"{path}: not the outputs that `bastide infra up` writes ({error.error_count()} "
            f"problems, the first at {error.errors()[0]['loc']}); run it again"
        ) from None
