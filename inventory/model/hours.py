"""Hours of the day as they are written: both ends, or neither."""

from pydantic_core import PydanticCustomError


def refuse_half_hours(start: str | None, end: str | None) -> None:
    """Refuse one time of day without the other, and hours of no length."""
    if (start is None) is not (end is None):
        raise PydanticCustomError("half_hours", "has one of `start` and `end`: give both")
    if start is not None and start == end:
        raise PydanticCustomError("no_hours", "begins and ends at the same time")
