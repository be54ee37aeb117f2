"""What one stack reads of another (StackReference): the outputs in the other's state.

Names are those of Pulumi's file backend: `stack` and `organization/stack` are of the same project,
`organization/project/stack` of any.
"""

from typing import Final

from infra.engine import urns
from infra.engine.api import EngineError, Project
from infra.engine.stack import passphrase
from infra.engine.stack.backend import StackFiles, read_checkpoint
from infra.engine.stack.resource_state import decode_resource
from infra.engine.stack.stack import files_of, salt_of
from infra.engine.values import Properties

ORGANIZATION: Final = "organization"


def referenced_outputs(project: Project, reference: str) -> Properties:
    """Return the outputs of the stack of that name in the project's backend, secrets as such.

    The passphrase must be that of the project. Raises EngineError for a name that is none, a stack
    that is not there, or one with another passphrase.
    """
    files = _files(files_of(project), reference)
    checkpoint = read_checkpoint(files, to_look=True)
    if checkpoint is None:
        raise EngineError(
            f'unknown stack "{reference}": {files.checkpoint} is not there; run up for that stack '
            "first"
        )
    resources = (checkpoint.get("latest") or {}).get("resources") or []
    root = next((raw for raw in resources if raw["type"] == urns.STACK_TYPE), None)
    if root is None:
        return {}
    salt = salt_of(files, checkpoint)
    crypter = passphrase.open_with(project.passphrase, salt, str(files.checkpoint))
    return decode_resource(root, crypter).outputs


def _files(own: StackFiles, reference: str) -> StackFiles:
    parts = reference.split("/")
    if len(parts) > 3 or not all(parts):
        raise EngineError(
            f"{reference!r} names no stack: expected STACK or {ORGANIZATION}/PROJECT/STACK"
        )
    if len(parts) > 1 and parts[0] != ORGANIZATION:
        raise EngineError(
            f"{reference!r}: organization name must be {ORGANIZATION!r} in a file backend, found "
            f"{parts[0]!r}"
        )
    project = parts[1] if len(parts) == 3 else own.project
    return StackFiles(own.root, project, parts[-1])
