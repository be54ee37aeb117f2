"""Holders of the escrow that are one and the same: what is meant as two ways in is one."""

from collections.abc import Iterator

from inventory.parsed import ParsedEstate
from inventory.problems import Problem


def find_escrow_problems(estate: ParsedEstate) -> Iterator[Problem]:
    """Yield holders whose name or key another one has already."""
    holders = estate.value.escrow
    for index, holder in enumerate(holders):
        for field, value in (("name", holder.name), ("key", holder.key)):
            earlier = [getattr(other, field) for other in holders[:index]]
            if value in earlier:
                where = estate.where(("escrow", earlier.index(value), field))
                yield estate.problem(
                    ("escrow", index, field),
                    f"{value} is also at {where}",
                    f"a {field} of its own for each holder",
                    "have them make a key of their own with age-keygen, or remove one",
                )
