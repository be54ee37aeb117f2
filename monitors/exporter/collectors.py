"""Other organs' collectors, run so that whatever they do becomes a metric, never silence."""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from inventory.model import Estate
from monitors.audit import metrics as security
from monitors.audit.host_files import newest_content
from monitors.continuity import metrics as continuity
from monitors.metrics import Family, gauge, render

log = logging.getLogger(__name__)

Collect = Callable[[Path, Estate], Iterable[Family]]


COLLECTORS: dict[str, Collect] = {
    "security": security.collect,
    "continuity": partial(continuity.collect, read_file=newest_content),
}


def text(name: str, state: Path, estate: Estate) -> str:
    """A collector's metrics with ``bastide_collector_success``: 0 when it raised or found nothing.

    What it gave before it raised is served. ``name`` is a key of ``COLLECTORS``.
    """
    started = time.monotonic()
    found: list[Family] = []
    rendered, failure = "", ""
    try:
        for family in COLLECTORS[name](state, estate):
            found.append(family)  # noqa: PERF402 - keeps what came before an exception
        if not any(family.samples for family in found):
            failure = "it found nothing"
    except Exception as error:
        log.debug("collector %s", name, exc_info=True)
        failure = f"{type(error).__name__}: {error}"
    try:
        rendered = render(found)
    except ValueError as error:
        failure = str(error)
    if failure:
        log.warning("collector %s: %s", name, failure)
    return rendered + render(_health(name, not failure, time.monotonic() - started))


def _health(name: str, success: bool, seconds: float) -> Iterable[Family]:
    yield gauge(
        "bastide_collector_success",
        "Whether a collector gave all that it should.",
        success,
        collector=name,
    )
    yield gauge("bastide_collector_duration_seconds", "How long it took.", seconds, collector=name)
