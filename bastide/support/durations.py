"""Durations as people read them."""

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600


def duration(seconds: float) -> str:
    """Return a duration in minutes below an hour, else in hours."""
    if seconds < HOUR_SECONDS:
        return f"{seconds / MINUTE_SECONDS:.0f} min"
    return f"{seconds / HOUR_SECONDS:.1f} h"


def long_or_short(seconds: float) -> str:
    """Return a duration in seconds below two minutes, else as `duration`: no work takes none."""
    return f"{seconds:.1f} s" if seconds < 2 * MINUTE_SECONDS else duration(seconds)
