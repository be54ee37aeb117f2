"""How fast strange networks are tried: so many probes a second, so many under way at once."""

import asyncio
from types import TracebackType


class Pace:
    """What every probe passes: `async with pace: …`; one event loop.

    The bounds hold for all that share it: no two probes begin within 1/`per_second` seconds, and
    at most `at_once` are inside.
    """

    def __init__(self, per_second: float, at_once: int) -> None:
        """Take both bounds."""
        self._gap = 1 / per_second
        self._places = asyncio.Semaphore(at_once)
        self._turn = asyncio.Lock()
        self._next = 0.0

    async def __aenter__(self) -> None:
        """Wait for a place, then for the time."""
        await self._places.acquire()
        try:
            async with self._turn:
                clock = asyncio.get_running_loop().time
                while (wait := self._next - clock()) > 0:
                    await asyncio.sleep(wait)
                # From now, not from when it was due: what was late is not caught up with a burst.
                self._next = clock() + self._gap
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the place to the next."""
        self._places.release()
