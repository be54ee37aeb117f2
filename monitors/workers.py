"""Threads that work on many hosts at once; who is stopped does not wait for them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def workers(most: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of at most so many threads, and wait for them.

    When the block is left by an exception, what has not begun is given up, and what runs is not
    waited for: a host that hangs would hold up Ctrl-C and SIGTERM as long.
    """
    pool = ThreadPoolExecutor(max(1, most))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
