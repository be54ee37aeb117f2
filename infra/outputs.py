"""Writes what crosses from provisioning to the rest: outputs, pinned host keys, SSH settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.errors import failed
from inventory.files import write_whole
from inventory.model.estate import Estate
from inventory.outputs import Outputs, outputs_path
from inventory.ssh_client import write_ssh_files


def write_outputs(stack_outputs: Mapping[str, Any], estate: Estate, state: Path) -> Outputs:
    """Check a stack's outputs and write them, each file whole or not at all.

    Writes `<state>/outputs.json`, `<state>/ssh/known_hosts` and `<state>/ssh/config`. InfraError
    when the outputs are another estate's or not what the program exports.
    """
    try:
        outputs = Outputs.model_validate(dict(stack_outputs))
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(estate.estate, f"{first['loc']}: {first['msg']}") from None
    if outputs.estate != estate.estate:
        raise _wrong(estate.estate, f"those of the estate {outputs.estate}")
    write_whole(outputs_path(state), outputs.model_dump_json(indent=2))
    write_ssh_files(estate, state, outputs)
    return outputs


def _wrong(estate: str, actual: str) -> Exception:
    return failed(
        f"stack {estate}",
        expected="the outputs of the infra program",
        found=actual,
        advice="run `bastide infra up` again; if it stays so, this is an error in Bastide",
    )
