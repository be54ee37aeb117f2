"""What a host's own timers wrote into a file, as the host's newest bundle has it."""

from pathlib import Path

from monitors.audit.archive.bundles import newest_bundle, read_bundle
from monitors.audit.collect.backends import UndeterminedError, answering_host, from_answers
from monitors.audit.facts.system import kept_content
from monitors.collection.bundle import BundleError


def newest_content(state: Path, host: str, file: str) -> tuple[Path, str] | None:
    """Return a host's newest bundle and the text in it of one of `facts.system.KEPT_RESULTS`.

    None when no bundle ever came. Raises ValueError when the bundle cannot be read or has no
    trustworthy text of the file.
    """
    path = newest_bundle(state, host)
    if path is None:
        return None
    try:
        bundle = read_bundle(path).bundle
        answering, _ = answering_host(bundle.host, from_answers(bundle.answers()))
        return path, kept_content(answering, file)
    except (BundleError, UndeterminedError, OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
