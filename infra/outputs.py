"""Writes what crosses from provisioning to the rest: outputs, pinned host keys, SSH settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import failed
from inventory.files import write_whole
from inventory.outputs import Outputs, outputs_path


def write_outputs(stack_outputs: Mapping[str, Any], estate: str, state: Path) -> Outputs:
    """Check a stack's outputs and write them, each file whole or not at all.

    Writes `<state>/outputs.json`, `<state>/ssh/known_hosts` and `<state>/ssh/config`. InfraError
    when the outputs are another estate's or not what the program exports.
    """
    try:
        outputs = Outputs.model_validate(dict(stack_outputs))
    except ValidationError as error:
        raise _wrong(estate, f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from None
    if outputs.estate != estate:
        raise _wrong(estate, f"those of the estate {outputs.estate}")
    write_whole(outputs_path(state), outputs.model_dump_json(indent=2))
    write_whole(state / "ssh" / "known_hosts", outputs.known_hosts())
    write_whole(state / "ssh" / "config", outputs.ssh_config(state))
    return outputs


def _wrong(estate: str, actual: str) -> Exception:
    return failed(
        f"stack {estate}",
        expected="the outputs of the infra program",
        found=actual,
        advice="run `bastide infra up` again; if it stays so, this is an error in Bastide",
    )
