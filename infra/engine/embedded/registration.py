"""What the program registers: a resource as it is to be, read from the wire."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlparse

from google.protobuf.message import Message
from pulumi.runtime.proto import alias_pb2
from pulumi.runtime.proto import resource_pb2 as pb

from infra.engine import urns
from infra.engine.values import Properties, from_struct

# Options that change what must happen and that this engine does not carry out.
_UNSUPPORTED: Final = {
    "remote": "components that a plugin constructs",
    "packageRef": "parameterized packages",
    "replace_with": "replaceWith",
    "replacement_trigger": "replacementTrigger",
    "transforms": "transforms",
    "hooks": "resource hooks",
    "state_migrations": "state migrations",
    "envVarMappings": "envVarMappings",
}


class DuplicateError(Exception):
    """The program registered two resources with one URN, or with one alias."""


class UnsupportedError(Exception):
    """The program uses an option that this engine does not carry out."""


def unsupported(who: str, feature: str) -> UnsupportedError:
    """Return the error that names a feature, and what to do for it."""
    return UnsupportedError(
        f"{who} uses {feature}, which the embedded engine does not carry out: use the official CLI "
        "(--engine pulumi)"
    )


@dataclass(frozen=True, slots=True)
class AliasSpec:
    """What a resource was called before: a URN, or what was different in it."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """One resource as the program wants it; None means that the option was not given.

    `custom_timeouts` are seconds by operation; `aliases` the URNs that `alias_specs` stand for
    (infra.engine.embedded.aliases).
    """

    type: str
    name: str
    custom: bool
    parent: str = ""
    inputs: Properties = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    provider: str = ""
    version: str = ""
    download_url: str = ""
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    deleted_with: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    alias_specs: tuple[AliasSpec, ...] = ()
    aliases: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    import_id: str = ""
    source_position: str = ""


def read(request: pb.RegisterResourceRequest, root: Path) -> Registration:
    """Read a registration; source positions become relative to the project's folder `root`.

    Raises UnsupportedError for options that would be silently lost otherwise.
    """
    for option, meaning in _UNSUPPORTED.items():
        given = getattr(request, option)
        if given.ByteSize() if isinstance(given, Message) else given:
            raise unsupported(f"{request.type} {request.name!r}", meaning)
    dependencies = request.propertyDependencies.items()
    defined = request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
    return Registration(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        inputs=from_struct(request.object),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={key: tuple(sorted(some.urns)) for key, some in dependencies},
        provider=request.provider,
        version=request.version,
        download_url=request.pluginDownloadURL,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=request.deleteBeforeReplace if defined else None,
        deleted_with=request.deletedWith,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        alias_specs=(*map(AliasSpec, request.aliasURNs), *map(_alias, request.aliases)),
        custom_timeouts=_timeouts(request),
        import_id=request.importId,
        source_position=_position(request, root),
    )


def _alias(alias: alias_pb2.Alias) -> AliasSpec:
    spec = alias.spec
    return AliasSpec(
        urn=alias.urn,
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def needs(registration: Registration) -> set[str]:
    """Return the URNs that a resource stands on, its provider among them."""
    each = registration.property_dependencies.values()
    return {
        *registration.dependencies,
        registration.parent,
        registration.deleted_with,
        urns.split_reference(registration.provider)[0],
        *(urn for some in each for urn in some),
    }


def _timeouts(request: pb.RegisterResourceRequest) -> dict[str, float]:
    given = request.customTimeouts
    timeouts = {name: getattr(given, name) for name in ("create", "update", "delete", "read")}
    return {name: duration(text) for name, text in timeouts.items() if text}


_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def duration(text: str) -> float:
    """Read a Go duration such as `1h30m` as seconds; raises UnsupportedError for anything else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)", text)
    if "".join(number + unit for number, unit in parts) != text or not parts:
        raise UnsupportedError(
            f"a custom timeout is {text!r}: expected a duration such as 5m or 90s"
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _position(request: pb.RegisterResourceRequest, root: Path) -> str:
    """Return the project's line that made the resource, as `project:///file#line`."""
    position = request.sourcePosition
    url = urlparse(position.uri)
    path = Path(unquote(url.path))
    if url.scheme != "file" or not path.is_relative_to(root):
        return ""
    return f"project:///{path.relative_to(root)}#{position.line}"
