"""How drivers describe what they make: frozen dataclasses that pydantic reads and writes."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

# Read from a driver's own records by their Python names, from Pulumi in camelCase; unknown keys
# are refused.
SPEC = ConfigDict(
    alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid"
)

# Names become parts of paths and of kernel objects: no others are let in.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=62)]
