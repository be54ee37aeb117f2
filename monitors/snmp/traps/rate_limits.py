"""How many datagrams are looked at: a bucket a sender and one for all (token buckets)."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at once."""

    per_second: float
    burst: float


# A switch of 48 ports that loses and gets back its mains sends about a hundred at once.
PER_SENDER = Rate(10, 200)
# What pysnmp decodes in half a processor (8 ms where every datagram is of another device); all
# devices of a town at once fit the burst.
OVERALL = Rate(60, 2000)


class Bucket:
    """Counts down with each datagram and fills up with time."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        """Start full."""
        self._rate, self._left, self._at = rate, rate.burst, now

    def take(self, now: float) -> bool:
        """Whether one more may pass at ``now`` (seconds of a monotonic clock)."""
        rate = self._rate
        self._left = min(rate.burst, self._left + (now - self._at) * rate.per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RateLimits:
    """One bucket for each sender's address and one for all of them."""

    def __init__(self, now: float, per_sender: Rate = PER_SENDER, overall: Rate = OVERALL) -> None:
        """Start full."""
        self._per_sender, self._overall = per_sender, Bucket(overall, now)
        self._buckets: dict[str, Bucket] = {}

    def allow(self, address: str, now: float) -> bool:
        """Whether a datagram of a known sender may pass: its own share first, then everybody's."""
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._per_sender, now)
        return bucket.take(now) and self._overall.take(now)

    def keep(self, addresses: Collection[str]) -> None:
        """Forget the senders that are no longer in the inventory."""
        self._buckets = {a: bucket for a, bucket in self._buckets.items() if a in addresses}
