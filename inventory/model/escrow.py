"""Who can open what is sealed for the day when nobody of the team and no machine of it is left."""

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import AGE_RECIPIENT, text


class EscrowHolder(Frozen):
    """A person or office outside the team that keeps a key of age, away from all machines."""

    name: str = Field(min_length=2, description="who keeps it, and where")
    key: str = text(AGE_RECIPIENT)
