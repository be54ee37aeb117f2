"""Random programs for the toy provider, and random edits of them, all from one seed.

A program is what the case `declared` makes: a mapping of names to inputs and options, in order. A
place is never used again and what is protected never has to go: there the engines differ, as
docs/engines.md has it and other tests show.
"""

import random
from typing import Any

Program = dict[str, dict[str, Any]]
_FREE = 2  # what every thing has: content and place
STEPS = ("create", "update", "delete")
_FAILURE_SHARE = 0.3


class Programs:
    """The programs of one seed, one after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (no secret: a seed must give the same again)
        self._count = 0
        self._former: Program = {}

    def next(self) -> Program:
        """Return the next program: the first one new, each later one an edit of the former."""
        names = list(self._former)
        wanted: Program = {}
        for name in names:
            self._keep(name, wanted)
        for _ in range(self._random.randint(0 if names else 3, 2 if names else 6)):
            wanted[f"t{self._number()}"] = self._thing(list(wanted))
        self._former = wanted
        return wanted

    def orders(self) -> list[str]:
        """Return what the provider is ordered to fail in this step, mostly nothing."""
        if not self._former or self._random.random() > _FAILURE_SHARE:
            return []
        name = self._random.choice(list(self._former))
        return [
            self._random.choice([*(f"fail-{step}-{name}" for step in STEPS), f"half-create-{name}"])
        ]

    def chance(self, share: float) -> bool:
        """Decide something by lot."""
        return self._random.random() < share

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _keep(self, name: str, wanted: Program) -> None:
        """Take a thing over, changed perhaps; leave it out, perhaps, or rename it."""
        former = dict(self._former[name])
        former.pop("aliases", None)
        if former.get("protect"):
            wanted[name] = {**former, "content": str(self._number()), "protect": self.chance(0.5)}
            return
        fate = self._random.random()
        if fate < 0.12:
            return
        if fate < 0.45:
            self._change(former)
        given = self._without_missing(former, set(wanted))
        if 0.45 <= fate < 0.52 and not self._is_named(name):
            wanted[f"t{self._number()}"] = {**given, "aliases": [name]}
        else:
            wanted[name] = given

    def _is_named(self, name: str) -> bool:
        return any(name in _names(thing) for thing in self._former.values())

    def _change(self, thing: dict[str, Any]) -> None:
        kind = self._random.choice(("content", "place", "place", "tone", "secret"))
        if kind == "place":
            thing["place"] = f"p{self._number()}"
        else:
            thing[kind] = str(self._number())

    def _thing(self, others: list[str]) -> dict[str, Any]:
        number = str(self._number())
        thing: dict[str, Any] = {"content": number, "place": f"p{number}"}
        if others and self.chance(0.5):
            thing["source"] = self._random.choice(others)
        if others and self.chance(0.25):
            thing |= {"anchor": self._random.choice(others), "delete_before_replace": True}
        if others and self.chance(0.25):
            thing["depends_on"] = [self._random.choice(others)]
        if others and self.chance(0.15):
            thing |= {"deleted_with": self._random.choice(others), "delete_before_replace": True}
        thing |= self._options()
        if len(thing) == _FREE and self.chance(0.15):
            thing["protect"] = True  # nothing that could have to be replaced
        return thing

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "delete_before_replace": True,
            "first": True,
            "ignore_changes": ["tone"],
            "retain_on_delete": True,
            "secret": f"word {self._number()}",
            "site": self._random.choice(("north", "south")),
            "additional_secret_outputs": ["tone"],
        }
        chosen = {key: value for key, value in options.items() if self.chance(0.15)}
        return chosen | ({"tone": "low"} if "ignore_changes" in chosen else {})

    def _without_missing(self, thing: dict[str, Any], there: set[str]) -> dict[str, Any]:
        """Return a thing without what it names of those that are no longer there."""
        kept = {k: v for k, v in thing.items() if k not in _REFERENCES or v in there}
        needed = [one for one in kept.pop("depends_on", []) if one in there]
        return {**kept, "depends_on": needed} if needed else kept


_REFERENCES = ("source", "anchor", "deleted_with")


def _names(thing: dict[str, Any]) -> set[str]:
    return {*thing.get("depends_on", []), *(thing[key] for key in _REFERENCES if key in thing)}
