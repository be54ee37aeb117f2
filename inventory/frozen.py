"""What every value of an estate's files is built on."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that does not change after it was read and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
