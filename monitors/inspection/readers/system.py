"""The operating system, from os-release, uname and systemd-detect-virt."""

import shlex

from monitors.inspection.model import System


def read_system(release: str, kernel: str, virtualisation: str, python: str) -> System:
    """Return the system; the four are the outputs of COMMANDS of these names."""
    fields = dict(_assignments(release))
    lines = (*kernel.splitlines(), "", "", "")
    node, version, architecture, *_ = (*lines[0].split(), "", "", "")
    container, machine, *_ = (*virtualisation.split(), "", "")
    return System(
        name=node,
        id=fields.get("ID", ""),
        version=fields.get("VERSION_ID", ""),
        title=fields.get("PRETTY_NAME", ""),
        kernel=version,
        architecture=architecture,
        container="" if container == "none" else container,
        virtual_machine="" if machine == "none" else machine,
        python=python.strip(),
        forwards_ipv4=lines[1].strip() == "1",
        forwards_ipv6=lines[2].strip() == "1",
    )


def _assignments(text: str) -> list[tuple[str, str]]:
    """Return `KEY=value` lines as os-release(5) has them: shell words."""
    pairs = []
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            pairs.append((key.strip(), _unquoted(value.strip())))
    return pairs


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
