"""Journeys: what a citizen does at a service, step by step, done by the operations host."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from inventory.frozen import Frozen
from inventory.scalars import PAGE, WEB_SERVER, Id, SecretRef, as_text, text, that_can_be

MOST_STEPS = 20
LONGEST_TEXT = 200
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
]
Value = Annotated[str, BeforeValidator(as_text), StringConstraints(max_length=2000)]


class Form(Frozen):
    """A form of the page that is filled in and sent; its other fields keep what they have."""

    form: Words | None = Field(
        default=None, description="its id or name; default: the only form with these fields"
    )
    fill: Mapping[str, Value] = Field(
        default_factory=dict, description="values of fields, by their names"
    )
    secrets: Mapping[str, SecretRef] = Field(
        default_factory=dict,
        description="fields whose values are secrets, such as a password, by reference",
    )
    button: Words | None = Field(
        default=None, description="the text or name of the button; default: the first"
    )

    @model_validator(mode="after")
    def _fills_once(self) -> Self:
        if both := sorted(self.fill.keys() & self.secrets.keys()):
            raise PydanticCustomError("filled_twice", "{field} is filled twice", {"field": both[0]})
        return self


class Step(Frozen):
    """One thing that is done, and what the page that it leads to must show."""

    get: str | None = Field(
        default=None,
        pattern=PAGE,
        description="a page: a path such as /apply, or a whole address",
    )
    follow: Words | None = Field(default=None, description="the text of a link of the page before")
    send: Form | None = Field(default=None, description="a form of the page before")
    expect: Words | None = Field(default=None, description="text that the page must then show")

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum(part is not None for part in (self.get, self.follow, self.send)) != 1:
            raise PydanticCustomError("one_deed", "does one thing: give `get`, `follow` or `send`")
        return self


class Journey(Frozen):
    """Steps that somebody takes at a service; each minute the operations host takes them as well.

    What it sends is really sent: it needs an account or a case of its own that nobody works on.
    """

    id: Id
    name: Words = Field(description="what is done, in words, such as Apply for a permit")
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)
    hosts: tuple[Annotated[str, text(WEB_SERVER), AfterValidator(that_can_be)], ...] = Field(
        default=(),
        description="other servers that it may lead to, such as login.example; default: the "
        "service's own alone",
    )
    counts: bool = Field(
        default=False,
        description="whether the service misses its `objective` while the journey fails",
    )

    @model_validator(mode="after")
    def _begins_somewhere(self) -> Self:
        if self.steps[0].get is None:
            raise PydanticCustomError("no_beginning", "begins nowhere: the first step is a `get`")
        return self

    @property
    def secrets(self) -> frozenset[str]:
        """The references to secrets that its forms are filled with."""
        forms = (step.send for step in self.steps if step.send)
        return frozenset(reference for form in forms for reference in form.secrets.values())
