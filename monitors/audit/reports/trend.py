"""The geometry of a trend: points of an SVG, so that templates only place them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from monitors.audit.history.model import TrendPoint

SHARES = ("coverage", "accepted", "proved")
# More points than this cannot be distinguished.
MOST_POINTS = 120


@dataclass(frozen=True, slots=True)
class Curve:
    """One share over time; a run in which nothing was determined interrupts the curve."""

    share: str
    pieces: tuple[str, ...]
    end: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Trend:
    """Curves within a box of `width` by `height`, and the points at both ends.

    `marks` is where along the width another control set was judged by for the first time.
    """

    width: int
    height: int
    curves: tuple[Curve, ...]
    marks: tuple[str, ...]
    first: TrendPoint
    last: TrendPoint
    count: int


def draw(points: Sequence[TrendPoint], width: int, height: int) -> Trend | None:
    """Return the curves of points that are sorted by time; None when they are all of one day.

    Of several audits on a day (UTC) the last one counts: minutes are no development.
    """
    days = tuple({point.at.date(): point for point in points}.values())
    if len(days) < 2:
        return None
    thinned = _thinned(days)
    return Trend(
        width=width,
        height=height,
        curves=tuple(_curve(share, thinned, width, height) for share in SHARES),
        marks=tuple(_marks(thinned, width)),
        first=days[0],
        last=days[-1],
        count=len(points),
    )


def _thinned(points: Sequence[TrendPoint]) -> Sequence[TrendPoint]:
    """Return at most MOST_POINTS, evenly picked, both ends among them."""
    if len(points) <= MOST_POINTS:
        return points
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(step * number)] for number in range(MOST_POINTS)]


def _curve(share: str, points: Sequence[TrendPoint], width: int, height: int) -> Curve:
    start, length = points[0].at, (points[-1].at - points[0].at).total_seconds()
    positions = [
        None if (value := getattr(point, share)) is None
        else (_across(point.at, start, length, width), f"{(1 - value) * height:.1f}")
        for point in points
    ]  # fmt: skip
    return Curve(share=share, pieces=tuple(_pieces(positions)), end=positions[-1])


def _across(at: datetime, start: datetime, length: float, width: int) -> str:
    return f"{(at - start).total_seconds() / length * width if length else 0:.1f}"


def _marks(points: Sequence[TrendPoint], width: int) -> Iterator[str]:
    start, length = points[0].at, (points[-1].at - points[0].at).total_seconds()
    for earlier, later in pairwise(points):
        if earlier.controls_sha256 != later.controls_sha256:
            yield _across(later.at, start, length, width)


def _pieces(positions: Sequence[tuple[str, str] | None]) -> Iterator[str]:
    """Yield the runs of points between gaps, as SVG writes them."""
    piece: list[str] = []
    for point in (*positions, None):
        if point is not None:
            piece.append(",".join(point))
        elif piece:
            yield " ".join(piece)
            piece = []
