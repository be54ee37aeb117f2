"""Follows the file to which the CLI writes its events, one JSON object a line."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_EVERY_SECONDS: Final = 0.05


@contextmanager
def following(path: Path, read: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Hand each event to `read` as it comes, in a thread; at the end, all that are left."""
    ended = threading.Event()
    path.touch()
    thread = threading.Thread(target=_follow, args=(path, read, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _follow(path: Path, read: Callable[[dict[str, Any]], None], ended: threading.Event) -> None:
    rest = ""
    with path.open(encoding="utf-8") as file:
        while True:
            last = ended.is_set()
            *lines, rest = (rest + file.read()).split("\n")
            for line in lines:
                read(json.loads(line))
            if last:
                return
            ended.wait(_EVERY_SECONDS)
