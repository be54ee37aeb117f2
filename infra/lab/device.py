"""Simulated devices: one SNMP agent process each, at an address on the municipality's network."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from infra.driver.spec import SPEC, Name
from infra.errors import failed
from infra.lab import networks, units
from infra.lab.cgroups import Limits
from infra.lab.commands import in_netns
from infra.lab.layout import Lab
from infra.lab.networks import Interface
from inventory.files import write_whole

SNMP_PORT = 161
INTERFACE = "eth0"
MODULE = "infra.lab.agent"
START_SECONDS = 30.0
POLL_SECONDS = 0.1
# An agent has 35 MiB and two threads.
LIMITS = Limits(memory_mib=256, tasks=64)


@dataclass(frozen=True, slots=True)
class Cable:
    """What is plugged into a port of a simulated switch (see agent.config.Link)."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    port: str
    vlan: int = 1
    neighbour: str = ""
    address: str = ""
    forwards: bool = False


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """A simulated device; secrets are named by the files that hold them."""

    __pydantic_config__: ClassVar[ConfigDict] = SPEC

    name: Name
    kind: str
    network: Name
    address: IPv4Interface
    user: str
    auth_key_file: str
    priv_key_file: str
    gateway: IPv4Address | None = None
    ports: int = 0
    auth_protocol: str = "SHA"
    priv_protocol: str = "AES"
    location: str = ""
    contact: str = ""
    notify: IPv4Address | None = None
    cables: tuple[Cable, ...] = ()

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its one interface."""
        return (Interface(INTERFACE, self.network, self.address, self.gateway),)


RECORD = TypeAdapter(DeviceSpec)


def ensure(lab: Lab, spec: DeviceSpec) -> None:
    """Start the device; one that runs with the same settings stays.

    InfraError when it ends at once.
    """
    if find(lab, spec.name) == spec and running(lab, spec.name):
        return
    delete(lab, spec.name)
    write_whole(_record_path(lab, spec.name), RECORD.dump_json(spec, indent=2).decode())
    start(lab, spec.name)


def find(lab: Lab, name: str) -> DeviceSpec | None:
    """Return the settings of the device with that name, or None when there is none."""
    try:
        return RECORD.validate_json(_record_path(lab, name).read_bytes())
    except FileNotFoundError:
        return None


def start(lab: Lab, name: str) -> None:
    """Start a device that was stopped, as it was; no error when it runs."""
    spec = _must_exist(lab, name)
    if running(lab, name):
        return
    write_whole(_settings_path(lab, name), agent_settings(lab, spec))
    networks.plug_in(lab, name, spec.interfaces, forward=False)
    networks.configure(lab, name, spec.interfaces)
    units.start(lab, _unit(lab, name))
    _wait_until_listening(lab, name)


def stop(lab: Lab, name: str) -> None:
    """Cut the device's power; its settings stay. No error when it is down."""
    spec = _must_exist(lab, name)
    units.end(lab, name)
    networks.unplug(lab, name, spec.interfaces)


def delete(lab: Lab, name: str) -> None:
    """Remove the device; no error when there is none."""
    spec = find(lab, name)
    units.end(lab, name)
    networks.unplug(lab, name, spec.interfaces if spec else ())
    for path in _files(lab, name):
        path.unlink(missing_ok=True)


def running(lab: Lab, name: str) -> bool:
    """Tell whether the device's agent runs and is still joined to its network."""
    spec = find(lab, name)
    if spec is None or units.running(lab, name) is None:
        return False
    return networks.plugged_in(lab, name, spec.interfaces)


def names(lab: Lab) -> tuple[str, ...]:
    """Return the names of the devices that have settings, sorted."""
    return tuple(sorted(path.stem for path in (lab.state / "devices").glob("[!.]*.json")))


def agent_settings(lab: Lab, spec: DeviceSpec) -> str:
    """Return the JSON settings that `python -m infra.lab.agent` reads."""
    settings: dict[str, Any] = {
        "name": spec.name,
        "kind": spec.kind,
        "address": str(spec.address.ip),
        "port": SNMP_PORT,
        "user": spec.user,
        "auth_key_file": spec.auth_key_file,
        "priv_key_file": spec.priv_key_file,
        "auth_protocol": spec.auth_protocol,
        "priv_protocol": spec.priv_protocol,
        "location": spec.location,
        "contact": spec.contact,
        "state_file": str(state_path(lab, spec.name)),
    }
    if spec.ports:
        settings["ports"] = spec.ports
    if spec.cables:
        settings["links"] = [{**asdict(c), "address": c.address or None} for c in spec.cables]
    if spec.notify:
        settings["notify"] = str(spec.notify)
    return json.dumps(settings, indent=2)


def state_path(lab: Lab, name: str) -> Path:
    """Return the file through which a rehearsal makes the device misbehave (see agent.control)."""
    return lab.state / "devices" / f"{name}.state"


def _wait_until_listening(lab: Lab, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    listening = ("ss", "-Huln", f"sport = :{SNMP_PORT}")
    while not in_netns(lab.unit_namespace(name), *listening).strip():
        if units.running(lab, name) is None or time.monotonic() > deadline:
            raise failed(
                f"device {name}",
                expected=f"an SNMP agent on UDP port {SNMP_PORT} within {START_SECONDS:g} s",
                found=units.last_lines(_log_path(lab, name)),
                advice=f"read {_log_path(lab, name)}",
            )
        time.sleep(POLL_SECONDS)


def _unit(lab: Lab, name: str) -> units.Unit:
    return units.Unit(
        name=name,
        netns=lab.unit_namespace(name),
        log=_log_path(lab, name),
        limits=LIMITS,
        argv=(sys.executable, "-m", MODULE, "--config", str(_settings_path(lab, name))),
    )


def _must_exist(lab: Lab, name: str) -> DeviceSpec:
    spec = find(lab, name)
    if spec is None:
        raise failed(
            f"device {name}",
            expected=f"one of: {', '.join(names(lab)) or 'none yet'}",
            found="no such device",
            advice=f"run `bastide infra up --estate {lab.estate}`",
        )
    return spec


def _files(lab: Lab, name: str) -> tuple[Path, ...]:
    settings, log = _settings_path(lab, name), _log_path(lab, name)
    return settings, log, state_path(lab, name), _record_path(lab, name)


def _record_path(lab: Lab, name: str) -> Path:
    return lab.state / "devices" / f"{name}.json"


def _settings_path(lab: Lab, name: str) -> Path:
    return lab.state / "devices" / f"{name}.agent"


def _log_path(lab: Lab, name: str) -> Path:
    return lab.state / "devices" / f"{name}.log"
