"""The responses of provider plugins: differences, readings, failures, read from the wire."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from infra.engine.values import Properties, from_struct

# After these nobody knows whether the provider did what it was asked.
_UNSURE: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
_PYTHON_PREFIX: Final = re.compile(r"^Unexpected <class '[^']*'>: ")


@dataclass(frozen=True, slots=True)
class Partial:
    """What exists after a step that failed half-way (ErrorResourceInitFailed)."""

    id: str
    outputs: Properties
    reasons: tuple[str, ...]


class ProviderError(Exception):
    """A provider refused or failed; `unsure` when it may have done it all the same."""

    def __init__(
        self, message: str, *, unsure: bool = False, partial: Partial | None = None
    ) -> None:
        super().__init__(message)
        self.unsure, self.partial = unsure, partial


class UnimplementedError(Exception):
    """The plugin does not have the method that was called."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What a provider says of a change; `changed` is None when it does not know."""

    changed: bool | None
    replace_keys: tuple[str, ...] = ()
    changed_keys: tuple[str, ...] = ()
    delete_before_replace: bool = False
    stables: tuple[str, ...] = ()

    @property
    def replace(self) -> bool:
        """Whether the resource has to be replaced."""
        return bool(self.replace_keys)


@dataclass(frozen=True, slots=True)
class Reading:
    """What Read found; an empty id says that the resource is gone."""

    id: str
    outputs: Properties
    inputs: Properties
    init_errors: tuple[str, ...] = ()


def diff(response: pb.DiffResponse) -> Diff:
    """Read a comparison; a property's own kind can demand a replacement as well."""
    kinds = pb.PropertyDiff
    replacing = {kinds.ADD_REPLACE, kinds.DELETE_REPLACE, kinds.UPDATE_REPLACE}
    detailed = response.detailedDiff
    replaces = [*response.replaces, *(k for k, v in detailed.items() if v.kind in replacing)]
    changed: bool | None = None
    if response.changes != pb.DiffResponse.DIFF_UNKNOWN:
        changed = response.changes == pb.DiffResponse.DIFF_SOME
    return Diff(
        changed,
        tuple(dict.fromkeys(replaces)),
        tuple(dict.fromkeys([*response.diffs, *detailed])),
        response.deleteBeforeReplace,
        tuple(response.stables),
    )


def refuse(failures: Iterable[pb.CheckFailure]) -> None:
    """Raise ProviderError with every failure, if there is one."""
    messages = [f"{one.property}: {one.reason}" if one.property else one.reason for one in failures]
    if messages:
        raise ProviderError("; ".join(messages))


def failure(error: Any, plugin: str, ended: int | None) -> Exception:
    """Read a failed call of a plugin, which has ended with the code `ended` or still runs."""
    code, details = error.code(), str(error.details() or "")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return UnimplementedError(details)
    if code in _UNSURE:
        problem = f"ended with code {ended}" if ended is not None else f"does not answer ({code})"
        return ProviderError(f"the plugin {plugin} {problem}: {details}", unsure=True)
    partial = _partial(error)
    if partial is None:
        return ProviderError(_PYTHON_PREFIX.sub("", details).strip())
    return ProviderError("; ".join(partial.reasons) or details, partial=partial)


def _partial(error: Any) -> Partial | None:
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            if detail.Is(pb.ErrorResourceInitFailed.DESCRIPTOR):
                failed = pb.ErrorResourceInitFailed()
                detail.Unpack(failed)
                return Partial(failed.id, from_struct(failed.properties), tuple(failed.reasons))
    return None
