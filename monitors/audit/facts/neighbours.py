"""What a host saw of its neighbours, as the program of the audit role prints it."""

from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from inventory.frozen import Frozen
from inventory.scalars import is_address
from monitors.audit.collect.backends import Host, UndeterminedError
from monitors.text import escaped_line

LOOK = "/usr/local/libexec/bastide/bastide-neighbours"


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text!r} is no address")
    return text


Address = Annotated[str, Field(max_length=45), AfterValidator(_address)]


class SeenNeighbour(Frozen):
    """One address of a neighbour: the TCP ports that took a connection, and how many did not.

    `udp` are the UDP ports that answered a question that their service knows.

    `source` is the looker's own address towards it, None without a way there. `present`: a machine
    is there, were it only that its network card said so.
    """

    host: str = Field(max_length=100)
    address: Address
    source: Address | None
    open: tuple[int, ...]
    udp: tuple[int, ...] = ()
    refused: int = Field(ge=0)
    silent: int = Field(ge=0)
    present: bool


SEEN = TypeAdapter(tuple[SeenNeighbour, ...])


def seen_neighbours(host: Host) -> tuple[SeenNeighbour, ...]:
    """Return what the host saw of each address of its neighbours.

    UndeterminedError when it did not look, or printed something else.
    """
    answer = host.run(LOOK)
    if answer.rc != 0:
        problem = escaped_line(answer.stderr.strip()) or f"exit {answer.rc}"
        raise UndeterminedError(f"it could not look at its neighbours: {problem}")
    try:
        return SEEN.validate_json(answer.stdout)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UndeterminedError(
            f"what it saw of its neighbours cannot be read: {first['msg']} {where}".strip()
        ) from None
