"""Runs work over a graph: in order where there is one, in parallel where there is none."""

import threading
from collections.abc import Callable, Hashable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


def run(
    waits_for: Mapping[Node, Set[Node]], work: Callable[[Node], bool], parallel: int
) -> list[Node]:
    """Do `work` on each node after all that it waits for; returns the nodes that were not reached.

    Work that returns False, or raises, keeps back what waits for it; the rest goes on. An
    exception is raised again at the end.
    """
    runner = _Runner(waits_for, work)
    with ThreadPoolExecutor(max(1, parallel)) as pool:
        runner.start(pool)
        runner.finished.wait()
    if runner.error is not None:
        raise runner.error
    return list(runner.waiting)


class _Runner(Generic[Node]):
    def __init__(self, waits_for: Mapping[Node, Set[Node]], work: Callable[[Node], bool]) -> None:
        self.waiting = {node: set(others) & set(waits_for) for node, others in waits_for.items()}
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._work, self._running, self._lock = work, 0, threading.Lock()

    def start(self, pool: ThreadPoolExecutor) -> None:
        with self._lock:
            self._submit(pool)

    def _submit(self, pool: ThreadPoolExecutor) -> None:
        ready = [node for node, others in self.waiting.items() if not others]
        for node in ready:
            del self.waiting[node]
            self._running += 1
            pool.submit(self._do, pool, node)
        if not self._running:
            self.finished.set()

    def _do(self, pool: ThreadPoolExecutor, node: Node) -> None:
        done = False
        try:
            done = self._work(node)
        except BaseException as error:  # noqa: BLE001 (raised again by run)
            self.error = error
        with self._lock:
            self._running -= 1
            if done:
                for others in self.waiting.values():
                    others.discard(node)
            self._submit(pool)
