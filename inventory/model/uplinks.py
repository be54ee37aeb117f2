"""An edge's ways out of its site."""

from pydantic import Field

from inventory.frozen import Frozen
from inventory.scalars import Address, Id


class Uplink(Frozen):
    """A way out, watched by its next router: the provider's, or one's own before it."""

    id: Id
    gateway: Address = Field(description="the next router, which answers ping from the edge")
    outside: bool = Field(
        default=False,
        description="the gateway answers ping from the operations host as well: with it silent, a "
        "silent edge is told as a lost uplink",
    )
