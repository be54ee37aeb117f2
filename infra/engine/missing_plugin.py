"""Says where to put a provider plugin that is not there, on a machine without internet too."""

from collections.abc import Mapping
from pathlib import Path


def plugins_home(environment: Mapping[str, str]) -> Path:
    """Return the folder of Pulumi's installed plugins."""
    return Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"


def place(name: str, version: str, environment: Mapping[str, str]) -> Path:
    """Return the folder of a package's installed plugin, with VERSION where none is known."""
    return plugins_home(environment) / f"resource-{name}-v{version.removeprefix('v') or 'VERSION'}"


def advice(name: str, version: str, environment: Mapping[str, str]) -> str:
    """Return what to do about a missing plugin, as one sentence."""
    return (
        f"no plugin for the package {name!r}: expected the program pulumi-resource-{name} on PATH "
        f"or in {place(name, version, environment)}; put it there (for a machine without internet, "
        "copy that folder from one where "
        f"'pulumi plugin install resource {name} {version or 'VERSION'}' was run)"
    )
