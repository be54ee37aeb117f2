"""Waiting for something that another process brings about."""

import time
from collections.abc import Callable

from monitors.web_api import ApiError, WebApi


def wait_until(true: Callable[[], bool], seconds: float = 10.0, every: float = 0.05) -> bool:
    """Tell whether something becomes true within some seconds, looking `every` so many."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def is_ready(api: WebApi) -> bool:
    """Tell whether Prometheus or Alertmanager answers that it is ready."""
    try:
        return bool(api.read("/-/ready"))
    except ApiError:
        return False
