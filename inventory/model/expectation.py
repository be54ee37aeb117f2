"""What a service answers when it is well, and how fast."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from inventory import scalars
from inventory.frozen import Frozen

REDIRECTS = (301, 302, 303, 307, 308)


def _listed(value: object) -> object:
    return (value,) if type(value) is int else value


Status = Annotated[int, Field(ge=100, le=599)]
StatusField = Annotated[
    tuple[Status, ...],
    BeforeValidator(_listed, json_schema_input_type=int | tuple[Status, ...]),
    Field(
        description="the status of a good answer, or a list of them; default: any from 200 to 299"
    ),
]


class Expectation(Frozen):
    """What tells a good answer of a service from a wrong or slow one."""

    status: StatusField = ()
    text: str | None = Field(
        default=None,
        min_length=1,
        description="what stands in a good answer, such as its title, letter for letter",
    )
    redirect: str | None = scalars.text(
        scalars.URL, default=None, description="the whole address that its first answer leads on to"
    )
    within_seconds: float | None = Field(
        default=None,
        gt=0,
        le=5,
        description="how long an answer may take on average before somebody is told; default: "
        "slow_seconds of the estate's thresholds",
    )

    @property
    def is_followed(self) -> bool:
        """Whether redirects are followed, and the last answer judged."""
        return self.redirect is None and not any(code in REDIRECTS for code in self.status)

    @property
    def is_of_the_answer(self) -> bool:
        """Whether anything is said of the answer itself, beside how fast it comes."""
        return bool(self.status or self.text or self.redirect)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.redirect and self.text:
            raise PydanticCustomError("redirect_with_text", "has a redirect and a text")
        if self.redirect and any(code not in REDIRECTS for code in self.status):
            raise PydanticCustomError("redirect_status", "has a redirect and a status that is none")
        return self
