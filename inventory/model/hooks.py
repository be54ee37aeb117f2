"""Programs of the administrator's that run around a backup."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from inventory.frozen import Frozen
from inventory.scalars import AbsolutePath

LONGEST_SECONDS = 4 * 3600


class Hook(Frozen):
    """A program of the administrator's that runs around a backup, and can fail it."""

    program: AbsolutePath = Field(
        description="where it is on the host: root's, and nobody else may change it or its folders"
    )
    limit_seconds: int = Field(
        default=600, ge=1, le=LONGEST_SECONDS, description="after which it is stopped"
    )


def _program(value: object) -> object:
    return {"program": value} if isinstance(value, str) else value


HookField = Annotated[
    Hook | None, BeforeValidator(_program, json_schema_input_type=AbsolutePath | Hook | None)
]
"""A hook by its program alone, or with its limit."""
